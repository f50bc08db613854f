// Reading from people and pipes.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "coffer/base/result.h"

namespace coffer::cli {

/// Prints `label: ` on the terminal behind `descriptor` and reads one line with echo off; echo is
/// on again afterwards, also after SIGINT, SIGTERM, SIGHUP and SIGQUIT (which are held back
/// meanwhile and delivered then). unavailable: no terminal, or it ended.
[[nodiscard]] Result<std::string> ask_hidden_on(int descriptor, std::string_view label);

/// The same on /dev/tty, so that it works while standard input is a pipe.
[[nodiscard]] Result<std::string> ask_hidden(std::string_view label);

/// A file's next part, as it comes; empty at its end.
using ReadSome = std::function<Result<std::string>()>;

/// Everything until the end. too_large beyond 32 MiB.
[[nodiscard]] Result<std::string> read_all(int descriptor);
/// What there is, up to 64 KiB; waits for a first byte. Empty: the end.
[[nodiscard]] Result<std::string> read_some(int descriptor);
[[nodiscard]] Result<std::string> read_file(const std::string& path);

}  // namespace coffer::cli
