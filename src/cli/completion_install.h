// Completion in the start-up files of bash and zsh.
#pragma once

#include <string>
#include <vector>

#include "coffer/base/result.h"
#include "environment.h"

namespace coffer::cli {

/// Adds what turns completion on, by this very program, to ~/.bashrc and ~/.zshrc, as far as they
/// exist, once. Gives the files that it is in now. not_found: neither exists; else the text names
/// the file and why.
[[nodiscard]] Result<std::vector<std::string>> install_completion(const Environment& environment);

/// Takes those lines out again, and leaves the rest byte for byte. Gives the files that had them.
[[nodiscard]] Result<std::vector<std::string>> uninstall_completion(const Environment& environment);

}  // namespace coffer::cli
