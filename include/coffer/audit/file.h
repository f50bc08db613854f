// The few things that the log does to its file, as a seam: tests make the nth one fail.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "coffer/audit/log.h"
#include "coffer/base/bytes.h"

namespace coffer::audit {

struct FileFacts {
  std::uint64_t links = 0;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;  ///< bytes
};

/// One open file. Failures are `unavailable`, with call and errno name as the cause. One caller at
/// a time.
class File {
 public:
  virtual ~File() = default;
  /// Bytes written, from 1 to bytes.size(). Precondition: bytes isn't empty.
  [[nodiscard]] virtual Result<std::size_t> write(std::uint64_t offset, ByteView bytes) = 0;
  [[nodiscard]] virtual Result<void> sync() = 0;  ///< fdatasync
  [[nodiscard]] virtual Result<void> truncate(std::uint64_t size) = 0;
  /// Of the open file, and of what stands at its path now (not_found: nothing).
  [[nodiscard]] virtual Result<FileFacts> facts() const = 0;
  [[nodiscard]] virtual Result<FileFacts> facts_at_path() const = 0;
};

using FileOpener = std::function<Result<std::unique_ptr<File>>(const std::string& path)>;

/// Creates it with mode 0600 if absent. precondition if it is no regular file (a symbolic link
/// isn't one), has another name too, or others may write or read it (its group may read).
[[nodiscard]] Result<std::unique_ptr<File>> open_file(const std::string& path);

/// open_log() over files of the caller's choice.
[[nodiscard]] Result<std::unique_ptr<Log>> open_log(const LogConfig& config, const Clock& clock,
                                                    const FileOpener& opener);

}  // namespace coffer::audit
