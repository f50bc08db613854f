// Which ends their targets refused at the last try: as a target that is away, that is to be seen,
// and unlike it, others of the target go on. In memory: after an unseal the rows of ends tell what
// the last tries came to. Private to the room.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::lifecycle {

/// Not thread-safe. Times of the boottime clock.
class RefusedEnds final {
 public:
  using Time = std::chrono::nanoseconds;
  /// So many of a target are tried each half a minute; more would be a load for the target and the
  /// log. The first of them that the target takes wakes the others, so all are over soon after the
  /// right's return.
  static constexpr std::size_t kFew = 64;

  /// No harm if it is known: the first time stays. `since` may be before the clock began.
  void note(const std::string& target, const std::string& id, Time since);
  void forget(const std::string& target, const std::string& id);
  /// Whether it is one of the few, or would be if it were refused now.
  [[nodiscard]] bool is_tried_often(const std::string& target, const std::string& id) const;
  /// Since when the one that has been refused for longest is; nullopt: none is.
  [[nodiscard]] std::optional<Time> since(const std::string& target) const;
  /// That one; empty: none.
  [[nodiscard]] std::string oldest_of(const std::string& target) const;
  /// Targets with one that has been refused since `then` or longer.
  [[nodiscard]] std::vector<std::string> targets(Time then) const;

 private:
  struct Refused {
    std::map<std::string, Time> since;
    std::set<std::pair<Time, std::string>> by_age;
    std::set<std::string> often;  ///< of those, at most kFew
  };
  std::map<std::string, Refused> refused_;
};

}  // namespace coffer::lifecycle
