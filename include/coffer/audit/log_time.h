// How old the parts of a log are by its own lines: whatever a clock says, a log of two days isn't a
// hundred days old. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>

namespace coffer::audit {

class LogTime final {
 public:
  /// The longest that a heartbeat may take (vault.audit_heartbeat_seconds). A longer step from line
  /// to line is a clock that was set, or a vault that stood still: either counts as a day.
  static constexpr std::int64_t kLongestStep = 86400;
  /// Workers render lines, and the Door writes them: some time later if the log is in trouble.
  static constexpr std::int64_t kSlack = 60;

  /// The time of the next line, in seconds since 1970.
  void see(std::int64_t time) {
    if (newest_ && time > *newest_) elapsed_ += std::min(time - *newest_, kLongestStep);
    // Behind a clock that was set back it is counted from there.
    const bool set_back = newest_ && time + kSlack < *newest_;
    newest_ = set_back ? time : std::max(newest_.value_or(time), time);
  }
  /// That line was a segment's first, and had the number `first`.
  void begin(std::uint64_t first) { begun_[first] = elapsed_; }
  /// Seconds since that segment's first line, if it is `now`. nullopt: no such segment.
  [[nodiscard]] std::optional<std::int64_t> since(std::uint64_t first, std::int64_t now) const {
    const auto at = begun_.find(first);
    if (at == begun_.end() || !newest_) return std::nullopt;
    return elapsed_ - at->second + std::clamp<std::int64_t>(now - *newest_, 0, kLongestStep);
  }

 private:
  std::optional<std::int64_t> newest_;
  std::int64_t elapsed_ = 0;
  std::map<std::uint64_t, std::int64_t> begun_;
};

}  // namespace coffer::audit
