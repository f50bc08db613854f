#include "candidates.h"

#include <algorithm>

#include "candidate_blocks.h"
#include "candidate_lines.h"
#include "coffer/base/secure_bytes.h"

namespace coffer::cli {
namespace {

/// Of a part of a line with the next: a block's bytes, and what tells where a value begins.
constexpr std::size_t kOverlap = kMostBlock + 64;

}  // namespace

CandidateStream::CandidateStream(TakeCandidate take, std::size_t longest_line)
    : take_(std::move(take)),
      longest_line_(std::max(longest_line, kOverlap + 1)),
      blocks_(std::make_unique<BlockCandidates>(take_)) {}

CandidateStream::~CandidateStream() {
  wipe(whole_);
  wipe(line_);
}

void CandidateStream::add(std::string_view part) {
  keep_whole(part);
  for (;;) {
    const std::size_t newline = part.find('\n');
    if (newline == std::string_view::npos) return keep_line(part);
    end_line(part.substr(0, newline));
    part.remove_prefix(newline + 1);
  }
}

void CandidateStream::finish() {
  end_line({});
  give_trimmed(whole_, whole_line_, take_);
  wipe(whole_);
}

void CandidateStream::keep_whole(std::string_view part) {
  if (whole_too_long_) return;
  if (whole_.empty()) {
    const std::size_t first = std::min(part.find_first_not_of(kSpace), part.size());
    const std::string_view before = part.substr(0, first);
    whole_line_ += static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
    part.remove_prefix(first);
    if (part.empty()) return;
    whole_.reserve(kMostCandidate);
  }
  const std::size_t fits = std::min(part.size(), kMostCandidate - whole_.size());
  whole_.append(part.substr(0, fits));
  if (part.find_first_not_of(kSpace, fits) == std::string_view::npos) return;
  whole_too_long_ = true;
  wipe(whole_);
}

void CandidateStream::keep_line(std::string_view part) {
  // No copies that nobody wipes.
  if (!part.empty()) line_.reserve(longest_line_);
  while (!part.empty()) {
    if (line_.size() == longest_line_) cut();
    const std::size_t fits = std::min(part.size(), longest_line_ - line_.size());
    line_.append(part.substr(0, fits));
    part.remove_prefix(fits);
  }
}

void CandidateStream::end_line(std::string_view rest) {
  if (line_.empty() && rest.size() <= longest_line_) {
    look(rest);
  } else {
    keep_line(rest);
    look(line_);
    wipe(line_);
  }
  begins_ = true;
  ++number_;
}

void CandidateStream::cut() {
  if (begins_) ++long_lines_;
  look(line_);
  begins_ = false;
  const std::size_t gone = line_.size() - kOverlap;
  std::copy(line_.begin() + static_cast<std::ptrdiff_t>(gone), line_.end(), line_.begin());
  wipe({reinterpret_cast<std::uint8_t*>(line_.data()) + kOverlap, gone});
  line_.resize(kOverlap);
}

void CandidateStream::look(std::string_view text) {
  blocks_->add_line(text, number_, begins_);
  line_candidates(text, number_, begins_, take_);
}

void each_candidate(std::string_view text, const TakeCandidate& take) {
  CandidateStream stream(take);
  stream.add(text);
  stream.finish();
}

}  // namespace coffer::cli
