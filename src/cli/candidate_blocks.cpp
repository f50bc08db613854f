#include "candidate_blocks.h"

#include <algorithm>

#include "candidate_lines.h"
#include "coffer/base/secure_bytes.h"

namespace coffer::cli {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "-----END ";
constexpr std::string_view kDashes = "-----";
constexpr std::size_t kNone = std::string_view::npos;
/// What no line begins with.
constexpr std::string_view kNoMargin = "\n";

/// Behind the first END's dashes.
std::size_t end_of_end(std::string_view text, std::size_t end) {
  if (end == kNone) return kNone;
  const std::size_t dashes = text.find(kDashes, end + kEnd.size());
  return dashes == kNone ? kNone : dashes + kDashes.size();
}

}  // namespace

/// Blocks don't nest: one begins at the last BEGIN before its END, so that a text that only speaks
/// of BEGIN hides none.
void BlockCandidates::add_line(std::string_view text, std::size_t line, bool begins) {
  if (begins) {
    extend("\n");
  } else {
    drop();  // it begins in this part once more, or is too long
  }
  if (text.find(kDashes) == kNone) return extend(text);
  const auto begin_at = [&](std::size_t from, std::size_t before) {
    const std::size_t begin = text.substr(from, before - from).rfind(kBegin);
    if (begin == kNone) return from;
    open(text.substr(0, from + begin), line, begins);
    return from + begin;
  };
  std::size_t from = 0;
  for (;;) {
    const std::size_t end = text.find(kEnd, from);
    const std::size_t behind = end_of_end(text, end);
    if (behind == kNone) break;
    from = begin_at(from, end);
    extend(text.substr(from, behind - from));
    close();
    from = behind;
  }
  extend(text.substr(begin_at(from, text.size())));
}

void BlockCandidates::open(std::string_view margin, std::size_t line, bool begins) {
  drop();
  open_ = true;
  line_ = line;
  // A longer one stands before no line of a block that isn't too long.
  margin_.assign(begins ? margin.substr(0, kMostBlock + 1) : kNoMargin);
}

void BlockCandidates::extend(std::string_view text) {
  if (!open_) return;
  if (block_.size() + text.size() > kMostBlock) return drop();
  // No copies that nobody wipes.
  block_.reserve(kMostBlock);
  block_.append(text);
}

void BlockCandidates::close() {
  if (!open_) return;
  give_trimmed(block_, line_, take_);
  if (!margin_.empty()) without_margin();
  drop();
}

/// Within YAML, a comment, a quoted mail or a diff: what stands before its first line stands
/// before the others, or blanks do in its place.
void BlockCandidates::without_margin() {
  const std::string_view block = block_;
  std::string plain;
  plain.reserve(block.size() + 1);
  for (std::size_t start = 0; start < block.size();) {
    const std::size_t end = std::min(block.find('\n', start), block.size());
    std::string_view one = block.substr(start, end - start);
    if (start != 0 && one.starts_with(margin_)) one.remove_prefix(margin_.size());
    plain.append(trimmed(one)).push_back('\n');
    start = end + 1;
  }
  give_trimmed(plain, line_, take_);
  wipe(plain);
}

void BlockCandidates::drop() noexcept {
  wipe(block_);
  wipe(margin_);
  open_ = false;
}

}  // namespace coffer::cli
