// The whole command line program but for main(): what tests run.
#pragma once

#include <span>
#include <string>

#include "console.h"
#include "environment.h"

namespace coffer::cli {

/// `arguments` without the program's name. Gives the exit code.
[[nodiscard]] int run_program(std::span<const std::string> arguments,
                              const Environment& environment, Console& console);

}  // namespace coffer::cli
