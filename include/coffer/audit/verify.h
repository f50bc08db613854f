// Walks a log directory offline: no daemon, no token.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coffer/audit/known.h"
#include "coffer/audit/log_time.h"
#include "coffer/base/bytes.h"
#include "coffer/base/clock.h"

namespace coffer::audit {

struct ClockStep {
  std::string file;
  std::uint64_t line = 0;    ///< in that file, from 1
  std::int64_t seconds = 0;  ///< how far back
};

/// Which anchor the token had, by the last line that tells of one.
struct AnchorSeen {
  std::uint64_t number = 0;
  std::uint64_t sequence = 0;  ///< of the store's commit
  std::uint64_t line = 0;      ///< the sequence of that line
};

struct Verified {
  std::uint64_t lines = 0;
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;
  std::uint64_t open_requests = 0;  ///< request lines without a response at the end of the log
  std::string head;                 ///< hash of the last line, hex
  std::string root{};  ///< of the tree over all lines up to the last, base64; empty: can't be told
  std::uint64_t checkpoints = 0;   ///< that fit, of those given and of those beside the log
  std::uint64_t signed_lines = 0;  ///< sequence of the last line that one of them covers
  /// Of those beside the log: signed with keys that weren't given.
  std::uint64_t foreign_checkpoints = 0;
  /// Lines of the first of those behind one that was signed with a key that was given; 0: none.
  std::uint64_t late_foreign = 0;
  /// The first line that was written more than a minute before one that stands ahead of it.
  std::optional<ClockStep> clock_back{};
  std::optional<AnchorSeen> anchor{};
  std::optional<std::int64_t> first_time{};  ///< of the first line, Unix seconds
  LogTime time{};
  std::uint64_t pruned = 0;  ///< the last line that `prune` says it removed; 0: none
  /// Size of the largest checkpoint that was given and lies before the first line, so that it could
  /// be held against nothing. 0: there is none.
  std::uint64_t passed_over = 0;

  /// The first line that is there and that no checkpoint covers; 0: all are covered.
  [[nodiscard]] std::uint64_t unsigned_from() const noexcept {
    return signed_lines < last_sequence ? std::max(signed_lines + 1, first_sequence) : 0;
  }
  /// How many lines there were before the first that is there.
  [[nodiscard]] std::uint64_t missing_before() const noexcept {
    return first_sequence > 1 ? first_sequence - 1 : 0;
  }
};

/// What isn't wrong, and isn't proven either: lines that none of the keys signed (if there were
/// keys), a clock that went back, lines before the first that are missing without a reason, given
/// checkpoints that show nothing. Each a sentence.
[[nodiscard]] std::vector<std::string> doubts(const Verified& seen, bool with_keys, WallTime now);

/// The first bad line.
struct Flaw {
  std::string file;        ///< name of the segment, or of the file of checkpoints
  std::uint64_t line = 0;  ///< in that file, or number of the checkpoint, from 1; 0: the file
  std::string what;
};

struct Inspection {
  Verified good;  ///< the lines before the flaw
  std::optional<Flaw> flaw;
};

/// A last line without end is waited for, for a second: it may be being written. An error only if
/// files can't be read; not_found: no log. Memory: a line, an entry for each open request.
[[nodiscard]] Result<Inspection> inspect_directory(const std::string& directory);
/// Held against checkpoints whose signatures were verified: also a fork and a cut tail are flaws.
/// Those beside the log must be signed by `keys`; if there are none, by what the log's own file
/// `signers` says, which shows mistakes and no forgery.
[[nodiscard]] Result<Inspection> inspect_directory(const std::string& directory,
                                                   const std::vector<Checkpoint>& known,
                                                   const TrustedKeys& keys = {});

/// One segment from memory, as a log by itself. `chunk`: bytes read at a time, at least 1.
[[nodiscard]] Inspection inspect_segment(ByteView bytes, std::uint64_t first_sequence,
                                         std::size_t chunk);

/// `corrupt`, with file, line number and what is wrong, for the first bad line; `not_found` when
/// there is no log. A torn last line is bad too (the daemon cuts it at its next start).
[[nodiscard]] Result<Verified> verify_directory(const std::string& directory);

}  // namespace coffer::audit
