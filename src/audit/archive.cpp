#include "coffer/audit/archive.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>

#include "coffer/audit/verify.h"
#include "line.h"
#include "plain_file.h"
#include "pruned.h"
#include "segments.h"
#include "zstd_file.h"

namespace coffer::audit {
namespace {

/// The daemon writes the last, and reads the one before when it starts.
constexpr std::size_t kNewest = 2;

Result<std::uint64_t> size_on_disk(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return system_error("stat " + path, errno);
  return static_cast<std::uint64_t>(status.st_size);
}

Result<void> remove(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return system_error("unlink " + path, errno);
}

/// The oldest line that a start of the daemon may go back to; nullopt: the log has no last line
/// yet.
Result<std::optional<std::uint64_t>> oldest_open(const Segment& newest) {
  COFFER_TRY(ReadAt read, read_file(newest.path));
  LineReader lines(std::move(read), 0);
  std::string last;
  for (RawLine line;;) {
    COFFER_TRY(const bool more, lines.next(line));
    if (!more || !line.terminated) break;
    last = line.text;
  }
  if (last.empty()) return std::optional<std::uint64_t>();
  COFFER_TRY(const ParsedLine parsed, parse_line(last));
  const bool none = parsed.open == 0;
  return std::optional<std::uint64_t>(none ? parsed.sequence : parsed.open);
}

Result<void> compare(const std::string& plain, const std::string& compressed) {
  COFFER_TRY(const ReadAt one, read_file(plain));
  COFFER_TRY(const ReadAt other, read_compressed(compressed));
  LineReader left(one, 0);
  LineReader right(other, 0);
  for (RawLine a;;) {
    RawLine b;
    COFFER_TRY(const bool more, left.next(a));
    COFFER_TRY(const bool as_well, right.next(b));
    if (more != as_well || (more && (a.text != b.text || a.terminated != b.terminated))) {
      return make_error(ErrorCode::unavailable, "what was compressed does not read back the same");
    }
    if (!more) return {};
  }
}

Result<void> make_compressed(const std::string& plain, const std::string& making) {
  COFFER_CHECK(remove(making));
  Result<void> made = compress_file(plain, making);
  if (made.ok()) made = compare(plain, making);
  // On a full disk it would keep the last bytes from the log itself.
  if (!made.ok()) static_cast<void>(remove(making));
  return made;
}

Result<void> compress(const std::string& directory, const Segment& segment, Archived& done) {
  const std::string made = segment.path + std::string(kCompressed);
  const std::string making = made + ".new";
  COFFER_CHECK(make_compressed(segment.path, making));
  COFFER_TRY(const std::uint64_t before, size_on_disk(segment.path));
  COFFER_TRY(const std::uint64_t after, size_on_disk(making));
  if (std::rename(making.c_str(), made.c_str()) != 0) return system_error("rename", errno);
  // The new name is on the disk before the old one goes.
  COFFER_CHECK(sync_names(directory));
  COFFER_CHECK(remove(segment.path));
  ++done.segments;
  done.before += before;
  done.after += after;
  return {};
}

/// When a segment ended: the next one's first line was written then.
Result<std::optional<std::int64_t>> begun(const Segment& segment) {
  COFFER_TRY(ReadAt read, read_file(segment.path));
  LineReader lines(std::move(read), 0, std::size_t{16} << 10U);
  RawLine line;
  COFFER_TRY(const bool more, lines.next(line));
  if (!more || !line.terminated) return std::optional<std::int64_t>();
  COFFER_TRY(const ParsedLine parsed, parse_line(line.text));
  return seconds_of(parsed.head.time);
}

Result<Verified> verified(const std::string& directory, const TrustedKeys& keys) {
  COFFER_TRY(Inspection seen, inspect_directory(directory, {}, keys));
  if (!seen.flaw) return std::move(seen.good);
  return make_error(ErrorCode::corrupt,
                    "the log is bad, and nothing is removed: " + seen.flaw->file + " line " +
                        std::to_string(seen.flaw->line) + ": " + seen.flaw->what);
}

std::int64_t seconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

/// How many of the oldest ended longer than `keep` ago.
Result<std::size_t> count_old(const std::vector<Segment>& segments, std::chrono::days keep,
                              WallTime now) {
  std::size_t old = 0;
  for (; old + kNewest < segments.size(); ++old) {
    COFFER_TRY(const auto ended, begun(segments[old + 1]));
    if (!ended || *ended >= seconds(now - keep)) break;
  }
  return old;
}

/// Of those, how many are that old if the clock isn't believed.
std::size_t count_old_by_lines(const std::vector<Segment>& segments, std::size_t most,
                               std::chrono::days keep, WallTime now, const LogTime& time) {
  std::size_t old = 0;
  for (; old < most; ++old) {
    const auto age = time.since(segments[old + 1].first, seconds(now));
    if (!age || *age <= std::chrono::seconds(keep).count()) break;
  }
  return old;
}

}  // namespace

Result<Archived> compress_segments(const std::string& directory) {
  COFFER_TRY(const std::vector<Segment> segments, list_segments(directory));
  Archived done;
  if (segments.size() <= kNewest) return done;
  COFFER_TRY(const auto open, oldest_open(segments.back()));
  if (!open) return done;
  for (std::size_t i = 0; i + kNewest < segments.size(); ++i) {
    if (segments[i].path.ends_with(kCompressed) || segments[i + 1].first > *open) continue;
    COFFER_CHECK(compress(directory, segments[i], done));
  }
  COFFER_CHECK(sync_names(directory));
  return done;
}

Result<Archived> prune_segments(const std::string& directory, std::chrono::days keep, WallTime now,
                                const TrustedKeys& keys) {
  if (keep < kLeastKept) {
    return make_error(ErrorCode::invalid_argument, "at least 90 days of the log are kept");
  }
  if (keep > kMostKept) {
    return make_error(ErrorCode::invalid_argument, "the log is kept for at most 36500 days");
  }
  if (keys.empty()) {
    return make_error(ErrorCode::invalid_argument, "the key that signed the log is needed");
  }
  COFFER_TRY(const Verified seen, verified(directory, keys));
  COFFER_TRY(const std::vector<Segment> segments, list_segments(directory));
  COFFER_TRY(const std::size_t by_clock, count_old(segments, keep, now));
  Archived done;
  const std::size_t old = count_old_by_lines(segments, by_clock, keep, now, seen.time);
  done.held = by_clock - old;
  if (old == 0) return done;
  if (segments[old].first - 1 > seen.signed_lines) {
    return make_error(ErrorCode::precondition, "what would be removed is not signed");
  }
  // Before anything goes: what is missing without a record looks stolen.
  COFFER_CHECK(write_pruned(directory, segments[old].first - 1, now));
  for (std::size_t i = 0; i < old; ++i) {
    COFFER_TRY(const std::uint64_t size, size_on_disk(segments[i].path));
    // Its checkpoints first: without lines they would look like a log that was cut.
    COFFER_CHECK(remove(checkpoints_in(directory, segments[i].first).path));
    // Both forms, if `compress` was cut short: the other would stand behind a gap.
    const Segment plain = segment_in(directory, segments[i].first);
    COFFER_CHECK(remove(plain.path + std::string(kCompressed)));
    COFFER_CHECK(remove(plain.path));
    ++done.segments;
    done.before += size;
  }
  COFFER_CHECK(sync_names(directory));
  return done;
}

}  // namespace coffer::audit
