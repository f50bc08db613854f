// Which ends their targets refused at the last try: as a target that is away, that is to be seen,
// and unlike it, others of the target go on. In memory: a try after an unseal tells anew. Private
// to the room.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coffer::lifecycle {

/// Not thread-safe. Times of the boottime clock.
class RefusedEnds final {
 public:
  using Time = std::chrono::nanoseconds;
  /// So many of a target are tried each half a minute, so that they are over within a minute of the
  /// right's return; more would be a load for the target and the log.
  static constexpr std::size_t kFew = 64;

  /// No harm if it is known: the first time stays.
  void note(const std::string& target, const std::string& id, Time now);
  void forget(const std::string& target, const std::string& id);
  [[nodiscard]] bool are_few(const std::string& target) const;
  /// Since when the one that has been refused for longest is; nullopt: none is.
  [[nodiscard]] std::optional<Time> since(const std::string& target) const;
  /// One of them; empty: none.
  [[nodiscard]] std::string any_of(const std::string& target) const;
  /// Targets with one that has been refused since `then` or longer.
  [[nodiscard]] std::vector<std::string> targets(Time then) const;

 private:
  std::map<std::string, std::map<std::string, Time>> refused_;
};

}  // namespace coffer::lifecycle
