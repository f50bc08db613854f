#include "tree_check.h"

#include <algorithm>

namespace coffer::audit {
namespace {

Error wrong(std::string_view what) { return make_error(ErrorCode::corrupt, what); }

}  // namespace

TreeCheck::TreeCheck(std::vector<Checkpoint> known) : known_(std::move(known)) {
  std::sort(known_.begin(), known_.end(),
            [](const Checkpoint& a, const Checkpoint& b) { return a.size < b.size; });
}

/// The first line that is there, of the log or of what is left of it.
Result<void> TreeCheck::begin(std::string_view line, const ParsedLine& parsed) {
  for (const Checkpoint& checkpoint : known_) {
    if (checkpoint.origin == log_origin(parsed.node)) continue;
    return wrong("a checkpoint is of another log than this one: its origin is not this node's");
  }
  if (parsed.sequence == 1) {
    tree_.emplace();
  } else if (parsed.head.type == kSegment) {
    COFFER_TRY(tree_, told_tree(line, parsed));
  } else if (!known_.empty()) {
    return wrong(
        "no line tells the tree of the lines that were archived: checkpoints can't be held "
        "against what is left");
  }
  return tree_ ? compare_signed() : Result<void>();
}

Result<void> TreeCheck::accept(std::string_view line, const ParsedLine& parsed,
                               const TreeHash& leaf) {
  if (lines_++ == 0) {
    COFFER_CHECK(begin(line, parsed));
  } else if (tree_ && parsed.head.type == kSegment) {
    COFFER_TRY(const Frontier told, told_tree(line, parsed));
    if (!std::equal(told.hashes().begin(), told.hashes().end(), tree_->hashes().begin(),
                    tree_->hashes().end())) {
      return wrong("the tree that the line tells is not that of the lines before it");
    }
  }
  last_ = parsed.sequence;
  if (!tree_) return {};
  COFFER_CHECK(tree_->append(leaf));
  return compare_signed();
}

/// Checkpoints of lines before the first that is there can't be compared, and are passed over.
Result<void> TreeCheck::compare_signed() {
  while (next_ < known_.size() && known_[next_].size < tree_->size()) ++next_;
  for (; next_ < known_.size() && known_[next_].size == tree_->size(); ++next_) {
    COFFER_TRY(const TreeHash root, tree_->root());
    if (root != known_[next_].root) {
      return wrong("the first " + std::to_string(tree_->size()) +
                   " lines are not those that were signed: some were changed, or the log was "
                   "written anew");
    }
    ++matched_;
    covered_ = tree_->size();
  }
  return {};
}

Result<void> TreeCheck::finish() const {
  if (known_.empty() || known_.back().size <= last_) return {};
  return wrong(std::to_string(known_.back().size) +
               " lines were signed, and the log ends with line " + std::to_string(last_) +
               ": lines were cut off at the end");
}

}  // namespace coffer::audit
