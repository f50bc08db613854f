// Start of a log: own the directory, read its end, mend it, say so in a line.
#include <algorithm>

#include "coffer/base/log.h"
#include "file_log.h"
#include "recover.h"
#include "segments.h"
#include "tree_recovery.h"

namespace coffer::audit {
namespace {

/// The format of the lines that follow (docs/formats/audit-log.md).
constexpr std::uint64_t kFormat = 1;

Line start_line(WallTime time, std::uint64_t cut_bytes, std::size_t interrupted) {
  Line line;
  line.body.append("{\"time\":\"").append(to_rfc3339(time));
  line.body.append("\",\"type\":\"start\",\"format\":");
  append_number(line.body, kFormat);
  line.body.append(",\"cut_bytes\":");
  append_number(line.body, cut_bytes);
  line.body.append(",\"interrupted\":");
  append_number(line.body, interrupted);
  return line;
}

ChainEnd end_of(const Recovered& tail, const Segment& newest, const Frontier& tree) {
  ChainEnd end{newest.first, {}, tail.good_size, tree};
  std::copy(kNoPrevious.begin(), kNoPrevious.end(), end.previous.begin());
  if (tail.chain.lines() != 0) {
    end.next_sequence = tail.chain.last_sequence() + 1;
    end.previous = tail.chain.head();
  }
  return end;
}

Result<void> cut_torn_write(File& file, const Recovered& tail) {
  if (tail.cut_bytes == 0) return {};
  log::warn("the audit log ended in a torn write: " + std::to_string(tail.cut_bytes) +
            " bytes are cut");
  COFFER_CHECK(file.truncate(tail.good_size));
  return file.sync();
}

/// What is open was asked before this start, and nobody will answer it any more.
std::vector<Line> first_lines(const Recovered& tail, const Segment& newest, const Frontier& tree,
                              WallTime now) {
  std::vector<Line> lines;
  // A segment that a crash left without its first line.
  if (tail.good_size == 0 && newest.first != 1) lines.push_back(segment_line(now, tree));
  for (const auto& [sequence, request] : tail.chain.open().all()) {
    lines.push_back(interrupted_line(now, request, sequence));
  }
  lines.push_back(start_line(now, tail.cut_bytes, tail.chain.open().size()));
  return lines;
}

Result<void> check_continuation(const Recovered& tail, const Segment& newest, const Uuid& node) {
  if (tail.chain.lines() == 0) {
    if (newest.first == 1) return {};
    return make_error(ErrorCode::corrupt, "the audit log has no line before its newest segment",
                      newest.path);
  }
  if (tail.chain.node() != node) {
    return make_error(ErrorCode::precondition, "the audit log belongs to another node",
                      newest.path);
  }
  // A newest segment that was made, or cut to nothing, before its first line.
  if (tail.good_size == 0 && tail.chain.last_sequence() + 1 != newest.first) {
    return make_error(ErrorCode::corrupt, "lines before the audit log's newest segment are missing",
                      newest.path);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Log>> open_log(const LogConfig& config, const Clock& clock) {
  return open_log(config, clock, open_file);
}

Result<std::unique_ptr<Log>> open_log(const LogConfig& config, const Clock& clock,
                                      const FileOpener& opener) {
  COFFER_TRY(UniqueFd directory, own_directory(config.directory));
  COFFER_TRY(std::vector<Segment> segments, list_segments(config.directory));
  if (segments.empty()) segments.push_back(segment_in(config.directory, 1));
  const Segment& newest = segments.back();
  COFFER_TRY(std::unique_ptr<File> file, opener(newest.path));
  if (config.durability == Durability::power) COFFER_CHECK(sync_directory(directory));
  COFFER_TRY(Recovered tail, read_tail(segments));
  COFFER_CHECK(check_continuation(tail, newest, config.node));
  COFFER_CHECK(cut_torn_write(*file, tail));
  COFFER_TRY(const RecoveredTree recovered, recover_tree(segments, tail.good_size));
  const WallTime now = clock.wall();
  ChainEnd end = end_of(tail, newest, recovered.tree);
  if (end.tree.size() + 1 != end.next_sequence) {
    return make_error(ErrorCode::corrupt, "the audit log's segments miss lines", newest.path);
  }
  const std::vector<Line> lines = first_lines(tail, newest, recovered.tree, now);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());
  auto log = std::make_unique<FileLog>(
      config, clock, opener, std::move(directory),
      OpenSegment{std::move(file), newest.first, recovered.begun.value_or(seconds.count())},
      std::move(end), std::move(tail.chain).take_open());
  COFFER_CHECK(log->append(lines, true));
  return std::unique_ptr<Log>(std::move(log));
}

}  // namespace coffer::audit
