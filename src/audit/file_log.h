// The log over one segment file.
#pragma once

#include <atomic>
#include <deque>
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
  Frontier tree{};         ///< of the lines before next_sequence
};

/// The segment that is written.
struct OpenSegment {
  std::unique_ptr<File> file;
  std::uint64_t first = 1;
  std::int64_t begun = 0;  ///< seconds since 1970
};

class FileLog final : public Log {
 public:
  /// `directory` holds the lock on the log's directory.
  FileLog(const LogConfig& config, const Clock& clock, FileOpener opener, UniqueFd directory,
          OpenSegment segment, ChainEnd end, OpenRequests open);

  [[nodiscard]] Result<void> append(std::span<const Line> lines, bool sync) override
      COFFER_EXCLUDES(mutex_);
  [[nodiscard]] std::uint64_t next_sequence() const override { return next_sequence_; }
  [[nodiscard]] LogHead head() override COFFER_EXCLUDES(mutex_);
  [[nodiscard]] Result<SyncedTree> synced_tree() override COFFER_EXCLUDES(mutex_);
  [[nodiscard]] std::vector<SyncedTree> take_segment_ends() override COFFER_EXCLUDES(mutex_);
  void refuse_requests(std::optional<Error> why) override COFFER_EXCLUDES(mutex_);
  [[nodiscard]] Result<void> check() override COFFER_EXCLUDES(mutex_);

 private:
  [[nodiscard]] Result<void> render(const Line& line, ChainEnd& end) COFFER_REQUIRES(mutex_);
  [[nodiscard]] static Result<void> write(File& file, std::uint64_t at, std::string_view text);
  [[nodiscard]] bool segment_is_full() const COFFER_REQUIRES(mutex_);
  [[nodiscard]] Result<void> begin_segment() COFFER_REQUIRES(mutex_);
  void sync_or_die(File& file) const;
  void note_synced() COFFER_REQUIRES(mutex_);
  [[nodiscard]] Result<void> note_segment_end() COFFER_REQUIRES(mutex_);
  [[nodiscard]] Result<void> compare_file() const COFFER_REQUIRES(mutex_);

  const LogConfig config_;
  const Clock& clock_;
  const FileOpener opener_;
  const std::string node_member_;
  const UniqueFd directory_;

  Mutex mutex_;
  OpenSegment segment_ COFFER_GUARDED_BY(mutex_);
  ChainEnd end_ COFFER_GUARDED_BY(mutex_);
  Frontier synced_ COFFER_GUARDED_BY(mutex_);
  std::uint64_t synced_segment_ COFFER_GUARDED_BY(mutex_) = 0;
  std::deque<SyncedTree> ends_ COFFER_GUARDED_BY(mutex_);
  std::optional<Error> refusal_ COFFER_GUARDED_BY(mutex_);  ///< of lines that open requests
  OpenRequests open_ COFFER_GUARDED_BY(mutex_);
  std::string buffer_ COFFER_GUARDED_BY(mutex_);  ///< kept from call to call for its capacity
  std::optional<Error> lost_ COFFER_GUARDED_BY(mutex_);  ///< what the last check() found
  std::atomic<std::uint64_t> next_sequence_;
};

}  // namespace coffer::audit
