// Runs the cofferd that lies beside this program: for what is done to a vault that isn't served.
#pragma once

#include <string>
#include <vector>

#include "coffer/base/result.h"

namespace coffer::cli {

/// Its exit status; 128 and the signal's number if one ended it. not_found: there is none beside.
[[nodiscard]] Result<int> run_daemon_program(const std::vector<std::string>& arguments);

}  // namespace coffer::cli
