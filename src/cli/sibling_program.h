// Runs a program that was installed beside this one, and takes what it prints.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "coffer/base/result.h"

namespace coffer::cli {

struct ProgramOutput {
  int status = 0;    ///< its exit status; 128 and the signal's number if one ended it
  std::string text;  ///< what it printed on standard output, and on standard error too if asked for
};
enum class Errors : std::uint8_t {
  shown,  ///< where ours go
  taken,
};

/// not_found: there is none beside this one. too_large: it printed more than 64 MiB.
[[nodiscard]] Result<ProgramOutput> capture_program(std::string_view name,
                                                    const std::vector<std::string>& arguments,
                                                    Errors errors = Errors::shown);

}  // namespace coffer::cli
