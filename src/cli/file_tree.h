// Text files under a path, for commands that look into them.
#pragma once

#include <functional>
#include <string>

#include "coffer/base/result.h"
#include "terminal.h"

namespace coffer::cli {

/// What was passed over, so that nobody takes silence for an answer.
struct Skipped {
  std::size_t binary = 0;      ///< a NUL byte among the first 8 KiB
  std::size_t unreadable = 0;  ///< not permitted, or gone meanwhile
  std::size_t links = 0;       ///< symbolic links, devices, sockets
  std::size_t git = 0;         ///< directories named .git: what they hold is compressed
};

/// False: it couldn't be read to its end.
using TakeFile = std::function<bool(const std::string& path, const ReadSome& read_some)>;

/// `path` itself may be a symbolic link; none below it is followed. In the order of names.
/// not_found: no such path.
[[nodiscard]] Result<Skipped> each_file(const std::string& path, const TakeFile& take);

}  // namespace coffer::cli
