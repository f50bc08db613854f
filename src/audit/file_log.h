// The log over one segment file.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "coffer/audit/file.h"
#include "coffer/base/mutex.h"
#include "line.h"
#include "open_requests.h"
#include "system_call.h"

namespace coffer::audit {

/// Where the chain stands: all of it moves on together, or not at all.
struct ChainEnd {
  std::uint64_t next_sequence = 1;
  HashText previous{};
  std::uint64_t size = 0;  ///< of the file, bytes
};

class FileLog final : public Log {
 public:
  /// `directory` holds the lock on the log's directory.
  FileLog(const LogConfig& config, UniqueFd directory, std::unique_ptr<File> file, ChainEnd end,
          OpenRequests open);

  [[nodiscard]] Result<void> append(std::span<const Line> lines, bool sync) override
      COFFER_EXCLUDES(mutex_);
  [[nodiscard]] std::uint64_t next_sequence() const override { return next_sequence_; }
  [[nodiscard]] LogHead head() override COFFER_EXCLUDES(mutex_);
  [[nodiscard]] Result<void> check() override COFFER_EXCLUDES(mutex_);

 private:
  [[nodiscard]] Result<void> render(const Line& line, ChainEnd& end) COFFER_REQUIRES(mutex_);
  [[nodiscard]] Result<void> write() COFFER_REQUIRES(mutex_);
  [[nodiscard]] Result<void> compare_file() const COFFER_REQUIRES(mutex_);

  const Durability durability_;
  const std::string node_member_;
  const UniqueFd directory_;

  Mutex mutex_;
  const std::unique_ptr<File> file_ COFFER_GUARDED_BY(mutex_);
  ChainEnd end_ COFFER_GUARDED_BY(mutex_);
  OpenRequests open_ COFFER_GUARDED_BY(mutex_);
  std::string buffer_ COFFER_GUARDED_BY(mutex_);  ///< kept from call to call for its capacity
  std::optional<Error> lost_ COFFER_GUARDED_BY(mutex_);  ///< what the last check() found
  std::atomic<std::uint64_t> next_sequence_;
};

}  // namespace coffer::audit
