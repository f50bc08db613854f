// The audit log's files: JSON lines, numbered and chained, durable before anyone acts on them.
// docs/formats/audit-log.md is the format. Nothing here knows what a line says.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "coffer/audit/tree.h"
#include "coffer/base/clock.h"
#include "coffer/base/uuid.h"

namespace coffer::audit {

enum class Durability : std::uint8_t { power, crash };  ///< fdatasync, or write alone

struct LogConfig {
  std::string directory;  ///< made with mode 0700 if absent; files have 0600
  Uuid node;
  Durability durability = Durability::power;
  /// A segment that has so many bytes, or whose first line is so old, is followed by another.
  std::uint64_t segment_bytes = 64U << 20U;
  std::chrono::seconds segment_age{std::chrono::hours(24)};
};

/// A line without what the log adds: a JSON object from "{" up to, not including, the closing "}".
/// It starts with {"time":"…","type":"…" and, of a request, goes on with ,"request":{"id":"…": by
/// these a reader tells what `kind` and `request` say here. A request line opens a request (once
/// more, if it ran again), a response line, of type "response" or "interrupted", closes it.
struct Line {
  enum class Kind : std::uint8_t { system, request, response };
  Kind kind = Kind::system;
  Uuid request;
  std::string body;
};

/// The newest line: its number and its hash, as the next line names it. 0 and zeros: none.
struct LogHead {
  std::uint64_t sequence = 0;
  std::string hash{};
};

/// The Merkle tree over the lines that no power cut takes away any more.
struct SyncedTree {
  std::uint64_t size = 0;  ///< the sequence of its last line
  TreeHash root{};
  std::uint64_t segment = 0;  ///< that holds the last line, by the number of its first; 0: none
};

/// Adds sequence, node, and the hash of the line before, writes, syncs. Thread-safe; lines of one
/// call stand together. A write that fails leaves the file as it was before the call and is
/// `unavailable` with the reason; the next call tries again. A sync that fails ends the process
/// with kExitSyncFailed, and so does an append that can be neither finished nor undone.
class Log {
 public:
  virtual ~Log() = default;
  /// Written on return; for power durability also synced if `sync`. internal, and nothing written,
  /// if a body isn't what Line asks for or a response line's request isn't open: a verifier would
  /// refuse the log ever after. unavailable after a failed check(), until one succeeds.
  [[nodiscard]] virtual Result<void> append(std::span<const Line> lines, bool sync) = 0;
  [[nodiscard]] virtual std::uint64_t next_sequence() const = 0;
  [[nodiscard]] virtual LogHead head() = 0;
  /// Never covers a line that isn't synced, where the log's durability is `power`.
  [[nodiscard]] virtual Result<SyncedTree> synced_tree() { return SyncedTree(); }
  /// Of the segments that ended since the last call, in order: up to the last line of each. At most
  /// kMaxSegmentEnds; beyond that the oldest aren't told.
  [[nodiscard]] virtual std::vector<SyncedTree> take_segment_ends() { return {}; }
  /// From now on append() gives this for whatever opens a request; what closes one is still taken,
  /// and so are lines of the daemon's own. nullopt: no longer.
  virtual void refuse_requests(std::optional<Error> why) { (void)why; }  // NOLINT(*-value-param)
  /// Stats the file: unavailable if it was unlinked, moved, replaced, shortened or written by
  /// another. Called each second.
  [[nodiscard]] virtual Result<void> check() = 0;
};

/// Locks the directory, opens the newest segment, cuts a torn last write (no reply can have left
/// for what it held), and closes each request line that has no response with a line `interrupted`;
/// then writes a line `start`. Reads the newest segment, and from the end back to the first open
/// request: the size of the log doesn't matter. `corrupt` if the lines read don't chain: an
/// operator must look. `precondition` if another process has the log, or others than its owner may
/// change it. The clock outlives the log.
[[nodiscard]] Result<std::unique_ptr<Log>> open_log(const LogConfig& config, const Clock& clock);

inline constexpr int kExitSyncFailed = 74;
inline constexpr std::size_t kMaxSegmentEnds = 1024;

}  // namespace coffer::audit
