#include "tree_recovery.h"

#include <limits>

#include "line.h"
#include "line_reader.h"

namespace coffer::audit {
namespace {

struct Opening {
  bool empty = true;
  std::optional<Frontier> told{};  ///< the tree before the segment
  std::optional<std::int64_t> begun{};
};

Result<Opening> read_opening(const Segment& segment, std::uint64_t size) {
  Opening opening;
  if (segment.first == 1) opening.told.emplace();
  if (size == 0) return opening;
  COFFER_TRY(ReadAt read, read_file(segment.path));
  LineReader reader(std::move(read), 0, std::size_t{4} << 10U);
  RawLine line;
  COFFER_TRY(const bool more, reader.next(line));
  if (!more) return opening;
  COFFER_TRY(const ParsedLine parsed, parse_line(line.text));
  opening.empty = false;
  opening.begun = seconds_of(parsed.head.time);
  if (parsed.head.type == kSegment) {
    COFFER_TRY(opening.told, told_tree(line.text, parsed));
  }
  return opening;
}

Result<void> grow(Frontier& tree, const Segment& segment, std::uint64_t size) {
  COFFER_TRY(ReadAt read, read_file(segment.path));
  LineReader reader(std::move(read), 0);
  RawLine line;
  while (reader.offset() < size) {
    COFFER_TRY(const bool more, reader.next(line));
    if (!more) return {};
    COFFER_TRY(const TreeHash leaf, hash_leaf(line.text));
    COFFER_CHECK(tree.append(leaf));
  }
  return {};
}

}  // namespace

Result<RecoveredTree> recover_tree(const std::vector<Segment>& segments, std::uint64_t good_size) {
  constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();
  const auto size_of = [&](std::size_t i) { return i + 1 == segments.size() ? good_size : kAll; };
  RecoveredTree out;
  for (std::size_t from = segments.size(); from-- > 0;) {
    COFFER_TRY(const Opening opening, read_opening(segments[from], size_of(from)));
    if (from + 1 == segments.size()) out.begun = opening.begun;
    if (!opening.told) continue;
    out.tree = *opening.told;
    for (std::size_t i = from; i < segments.size(); ++i) {
      COFFER_CHECK(grow(out.tree, segments[i], size_of(i)));
    }
    return out;
  }
  return make_error(ErrorCode::corrupt, "no segment of the audit log tells the tree before it",
                    segments.front().path);
}

}  // namespace coffer::audit
