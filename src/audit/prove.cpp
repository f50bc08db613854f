// Proofs out of the log's files.
#include <algorithm>
#include <functional>
#include <optional>

#include "coffer/audit/proof.h"
#include "line.h"
#include "line_reader.h"
#include "own_checkpoints.h"
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

namespace {

Result<void> walk(const std::string& directory, const Checkpoint& until, std::uint64_t known) {
  return Pass(directory, until, known)
      .run([](const Frontier&) -> Result<void> { return {}; },
           [](std::string_view, const TreeHash&) -> Result<void> { return {}; });
}

/// The tree that the first line tells, where it is of as many lines as `known`.
Result<bool> tells(const Segment& first, const Checkpoint& known) {
  COFFER_TRY(ReadAt read, read_file(first.path));
  LineReader reader(std::move(read), 0);
  RawLine raw;
  COFFER_TRY(const bool any, reader.next(raw));
  if (!any) return false;
  COFFER_TRY(const Frontier told, beginning(raw.text));
  COFFER_TRY(const TreeHash root, told.root());
  return told.size() == known.size && root == known.root;
}

/// Under the root of a later tree stand all lines before it, those that aren't there any more too.
Result<Beginning> without_first_lines(const std::string& directory, const Segment& first,
                                      const Checkpoint& known, const TrustedKeys& keys) {
  if (first.first == known.size + 1) {
    COFFER_TRY(const bool same, tells(first, known));
    return same ? Beginning::known : Beginning::other;
  }
  COFFER_TRY(const auto note, first_signed(directory, first.first, known.origin, keys));
  if (!note) return Beginning::unfounded;
  const auto walked = walk(directory, *note, 0);
  if (walked.ok()) return Beginning::archived;
  const ErrorCode code = walked.error().code;
  if (code == ErrorCode::corrupt || code == ErrorCode::not_found) return Beginning::unfounded;
  return walked.error();
}

}  // namespace

Result<Beginning> beginning_of(const std::string& directory, const Checkpoint& known,
                               const TrustedKeys& keys) {
  if (known.size == 0) return Beginning::known;
  COFFER_TRY(const std::vector<Segment> segments, list_segments(directory));
  if (!segments.empty() && segments.front().first > known.size) {
    return without_first_lines(directory, segments.front(), known, keys);
  }
  auto walked = walk(directory, known, known.size - 1);
  // A segment of before there was a tree doesn't tell it: then from the first line on.
  if (!walked.ok() && walked.error().code == ErrorCode::not_found) {
    walked = walk(directory, known, 0);
  }
  if (walked.ok()) return Beginning::known;
  if (walked.error().code == ErrorCode::corrupt) return Beginning::other;
  return walked.error();
}

}  // namespace coffer::audit
