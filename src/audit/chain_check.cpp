#include "chain_check.h"

#include <string>

namespace coffer::audit {
namespace {

Error broken(std::string_view what) { return make_error(ErrorCode::corrupt, what); }

}  // namespace

Result<void> ChainCheck::accept(std::string_view line, const ParsedLine& parsed) {
  COFFER_CHECK(check_link(parsed));
  COFFER_TRY(const TreeHash leaf, hash_leaf(line));
  if (lines_ == 0) {
    first_ = parsed.sequence;
    node_ = parsed.node;
  }
  COFFER_CHECK(check_request(parsed));
  COFFER_CHECK(check_open(parsed));
  ++lines_;
  last_ = parsed.sequence;
  leaf_ = leaf;
  head_ = hex_text(leaf);
  return {};
}

Result<void> ChainCheck::check_link(const ParsedLine& parsed) const {
  if (parsed.sequence == 1 && parsed.previous != kNoPrevious) {
    return broken("prev of the first line of a log must be zeros");
  }
  if (lines_ == 0) return {};
  if (parsed.sequence != last_ + 1) {
    return broken("seq is " + std::to_string(parsed.sequence) + " where " +
                  std::to_string(last_ + 1) + " is due: lines are missing, added or moved");
  }
  if (parsed.node != node_) return broken("node is not the node of the lines before");
  if (parsed.previous != view(head_)) {
    return broken("prev is not the hash of the line before: one of the two was changed");
  }
  return {};
}

Result<void> ChainCheck::check_request(const ParsedLine& parsed) {
  switch (parsed.head.kind) {
    case Line::Kind::system: return {};
    case Line::Kind::request: open_.open(parsed.head.request, parsed.sequence); return {};
    case Line::Kind::response: break;
  }
  // A response to a request from before the first line: there may be such while one is open.
  const bool older_possible = first_ > 1 && (lines_ == 0 || open_before_ != 0);
  if (open_.close(parsed.head.request) || older_possible) return {};
  return broken("the line closes a request that is not open: never asked, or closed already");
}

Result<void> ChainCheck::check_open(const ParsedLine& parsed) {
  const bool older_possible = first_ > 1 && (lines_ == 0 || open_before_ != 0);
  if (older_possible && parsed.open != 0 && parsed.open < first_ && parsed.open >= open_before_) {
    open_before_ = parsed.open;
    return {};
  }
  open_before_ = 0;
  if (parsed.open == open_.lowest()) return {};
  return broken("open is " + std::to_string(parsed.open) + ", but the first open request is " +
                std::to_string(open_.lowest()));
}

}  // namespace coffer::audit
