// Proofs out of the log's files.
#include <algorithm>
#include <functional>
#include <optional>

#include "coffer/audit/proof.h"
#include "line.h"
#include "line_reader.h"
#include "segments.h"

namespace coffer::audit {
namespace {

Error missing(std::string_view what) { return make_error(ErrorCode::not_found, what); }

using OnLine = std::function<Result<void>(std::string_view line, const TreeHash& leaf)>;

/// The tree before the first line that is there.
Result<Frontier> beginning(std::string_view line) {
  COFFER_TRY(const ParsedLine parsed, parse_line(line));
  if (parsed.sequence == 1) return Frontier();
  if (parsed.head.type == kSegment) return told_tree(line, parsed);
  return missing("no line tells the tree of the lines that were archived");
}

/// Goes over the lines that the checkpoint covers, and sees that they are those that were signed.
class Pass final {
 public:
  /// `known`: the proof asks for nothing of the tree of so many lines but its perfect subtrees, so
  /// that segments before are passed by.
  Pass(const std::string& directory, const Checkpoint& until, std::uint64_t known)
      : directory_(directory), until_(until), known_(known) {}

  /// `begin` gets the tree before the first line, `line` each line after that.
  Result<void> run(const std::function<Result<void>(const Frontier&)>& begin, const OnLine& line) {
    COFFER_TRY(const std::vector<Segment> segments, list_segments(directory_));
    for (std::size_t i = 0; i < segments.size() && !whole(); ++i) {
      if (i + 1 < segments.size() && segments[i + 1].first <= known_ + 1) continue;
      COFFER_TRY(ReadAt read, read_file(segments[i].path));
      COFFER_CHECK(lines_of(LineReader(std::move(read), 0), begin, line));
    }
    if (!tree_) return missing("the directory holds no audit log");
    if (!whole()) return missing("the log has fewer lines than the checkpoint covers");
    COFFER_TRY(const TreeHash root, tree_->root());
    if (root == until_.root) return {};
    return make_error(ErrorCode::corrupt, "the log's lines are not those that were signed");
  }

 private:
  [[nodiscard]] bool whole() const { return tree_ && tree_->size() >= until_.size; }

  Result<void> lines_of(LineReader reader,
                        const std::function<Result<void>(const Frontier&)>& begin,
                        const OnLine& line) {
    RawLine raw;
    while (!whole()) {
      COFFER_TRY(const bool more, reader.next(raw));
      if (!more || !raw.terminated) return {};
      if (!tree_) {
        COFFER_TRY(tree_, beginning(raw.text));
        if (tree_->size() >= until_.size) return missing("what the checkpoint covers was archived");
        COFFER_CHECK(begin(*tree_));
      }
      COFFER_TRY(const TreeHash leaf, hash_leaf(raw.text));
      COFFER_CHECK(line(raw.text, leaf));
      COFFER_CHECK(tree_->append(leaf));
    }
    return {};
  }

  const std::string& directory_;
  const Checkpoint& until_;
  const std::uint64_t known_;
  std::optional<Frontier> tree_;
};

/// The roots of some ranges under the checkpoint's tree; `line` sees each line's number.
Result<std::vector<TreeHash>> roots_of(
    const std::string& directory, const Checkpoint& until, std::uint64_t known,
    const std::vector<LeafRange>& ranges,
    const std::function<void(std::uint64_t index, std::string_view line)>& seen) {
  std::optional<RangeHasher> hasher;
  std::uint64_t index = 0;
  Pass pass(directory, until, known);
  COFFER_CHECK(pass.run(
      [&](const Frontier& before) -> Result<void> {
        hasher.emplace(ranges, before);
        index = before.size();
        return {};
      },
      [&](std::string_view line, const TreeHash& leaf) {
        seen(index++, line);
        return hasher->append(leaf);
      }));
  auto roots = hasher->roots();
  if (roots.ok()) return roots;
  return missing("the proof needs lines that were archived");
}

}  // namespace

Result<LineProof> prove_line(const std::string& directory, std::uint64_t sequence,
                             std::string_view checkpoint) {
  COFFER_TRY(const SignedCheckpoint note, parse_checkpoint(checkpoint));
  const Checkpoint& until = note.checkpoint;
  if (sequence == 0 || sequence > until.size) {
    return missing("the checkpoint does not cover that line");
  }
  LineProof proof{.index = sequence - 1, .checkpoint = std::string(checkpoint)};
  COFFER_TRY(proof.path, roots_of(directory, until, 0, inclusion_ranges(proof.index, until.size),
                                  [&](std::uint64_t index, std::string_view line) {
                                    if (index == proof.index) proof.line = line;
                                  }));
  if (proof.line.empty()) return missing("that line was archived");
  return proof;
}

Result<GrowthProof> prove_growth(const std::string& directory, std::uint64_t old_size,
                                 std::string_view checkpoint) {
  COFFER_TRY(const SignedCheckpoint note, parse_checkpoint(checkpoint));
  const Checkpoint& until = note.checkpoint;
  if (old_size > until.size) return missing("the newer checkpoint covers fewer lines");
  if (until.size == 0) return missing("the checkpoint covers no line");
  const std::uint64_t known = std::min(old_size, until.size - 1);
  GrowthProof proof{.old_size = old_size, .checkpoint = std::string(checkpoint)};
  COFFER_TRY(proof.path, roots_of(directory, until, known, consistency_ranges(old_size, until.size),
                                  [](std::uint64_t, std::string_view) {}));
  return proof;
}

Result<bool> begins_with(const std::string& directory, std::uint64_t size, const TreeHash& root) {
  if (size == 0) return true;
  COFFER_TRY(const std::vector<Segment> segments, list_segments(directory));
  if (!segments.empty() && segments.front().first > size) return true;
  const Checkpoint until{.origin = {}, .size = size, .root = root};
  const auto walk = [&](std::uint64_t known) {
    return Pass(directory, until, known)
        .run([](const Frontier&) -> Result<void> { return {}; },
             [](std::string_view, const TreeHash&) -> Result<void> { return {}; });
  };
  auto walked = walk(size - 1);
  // A segment of before there was a tree doesn't tell it: then from the first line on.
  if (!walked.ok() && walked.error().code == ErrorCode::not_found) walked = walk(0);
  if (walked.ok()) return true;
  if (walked.error().code == ErrorCode::corrupt) return false;
  return walked.error();
}

}  // namespace coffer::audit
