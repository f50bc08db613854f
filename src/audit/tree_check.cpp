#include "tree_check.h"

#include <algorithm>

namespace coffer::audit {
namespace {

Error wrong(std::string_view what) { return make_error(ErrorCode::corrupt, what); }

Error of_another_log() {
  return wrong("a checkpoint is of another log than this one: its origin is not this node's");
}

}  // namespace

TreeCheck::TreeCheck(const std::vector<Checkpoint>& known, std::vector<KeyPeriod> periods)
    : periods_(std::move(periods)) {
  for (const Checkpoint& checkpoint : known) {
    known_.push_back({checkpoint, SignedBy::trusted, true});
  }
  std::sort(known_.begin(), known_.end(),
            [](const Known& a, const Known& b) { return a.checkpoint.size < b.checkpoint.size; });
}

Result<void> TreeCheck::add(const Checkpoint& checkpoint, SignedBy signer) {
  if (!origin_.empty() && checkpoint.origin != origin_) return of_another_log();
  known_.erase(known_.begin(), known_.begin() + static_cast<std::ptrdiff_t>(next_));
  next_ = 0;
  const auto place = std::upper_bound(
      known_.begin(), known_.end(), checkpoint.size,
      [](std::uint64_t size, const Known& known) { return size < known.checkpoint.size; });
  known_.insert(place, {checkpoint, signer});
  return {};
}

/// The first line that is there, of the log or of what is left of it.
Result<void> TreeCheck::begin(std::string_view line, const ParsedLine& parsed) {
  origin_ = log_origin(parsed.node);
  for (const Known& known : known_) {
    if (known.checkpoint.origin != origin_) return of_another_log();
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
  for (; next_ < known_.size() && known_[next_].checkpoint.size < tree_->size(); ++next_) {
    if (known_[next_].given) passed_size_ = known_[next_].checkpoint.size;
  }
  for (; next_ < known_.size() && known_[next_].checkpoint.size == tree_->size(); ++next_) {
    COFFER_TRY(const TreeHash root, tree_->root());
    if (root != known_[next_].checkpoint.root) {
      return wrong("the first " + std::to_string(tree_->size()) +
                   " lines are not those that were signed: some were changed, or the log was "
                   "written anew");
    }
    count(known_[next_]);
  }
  return {};
}

void TreeCheck::count(const Known& known) {
  const std::uint64_t size = known.checkpoint.size;
  if (known.signer == SignedBy::stranger) {
    ++untrusted_;
    untrusted_size_ = size;
    if (late_stranger_ == 0 && own_size_ != 0 && size > own_size_) late_stranger_ = size;
    return;
  }
  ++matched_;
  covered_ = size;
  if (known.given) given_size_ = size;
  if (!known.given) own_size_ = size;
  newest_signed_ = newest_signed_ || known.signer == SignedBy::newest_key;
}

/// At a change of keys both sign the same tree, so that a checkpoint of that size says nothing
/// about the newer one.
Result<void> TreeCheck::check_newest_key() const {
  const KeyPeriod* const newest = newest_period(periods_, origin_);
  if (newest == nullptr) return {};
  const std::string since = std::to_string(newest->since);
  if (last_ < newest->since) {
    return wrong("a key signs since line " + since + ", and the log ends with line " +
                 std::to_string(last_) +
                 ": lines were cut off at the end, or it was written anew with an older key");
  }
  if (covered_ == 0 || newest_signed_ || given_size_ > newest->since) return {};
  return wrong("a key signs since line " + since +
               ", and signed nothing that is there: the newest checkpoint, of " +
               std::to_string(covered_) + " lines, is of one that was retired");
}

Result<void> TreeCheck::finish() const {
  if (!known_.empty() && known_.back().checkpoint.size > last_) {
    return wrong(std::to_string(known_.back().checkpoint.size) +
                 " lines were signed, and the log ends with line " + std::to_string(last_) +
                 ": lines were cut off at the end");
  }
  if (untrusted_size_ > covered_) {
    return wrong("the newest checkpoint, of " + std::to_string(untrusted_size_) +
                 " lines, was signed with a key that is not one of those given");
  }
  return check_newest_key();
}

}  // namespace coffer::audit
