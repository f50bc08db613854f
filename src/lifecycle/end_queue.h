// Which end is tried next: per target at most eight at a time and a backoff of its own, and room
// for every target whatever the others do; and of a target's own those that failed slowly, as a
// lock that others hold makes them, have one place alone, so that they hold back no other. Plain
// memory and logic: no store, no lock, no clock. Private to the room.
#pragma once

#include <deque>
#include <map>

#include "coffer/lifecycle/lease_ends.h"

namespace coffer::lifecycle {

/// Times are Clock::boottime().
class EndQueue final {
 public:
  using Time = std::chrono::nanoseconds;
  /// The longest pause of a target: what is to end has ended within a minute of its return.
  static constexpr Time kLongestAway = std::chrono::seconds(30);

  /// Something may be pending there that the queue doesn't know.
  void hint(std::string_view target, Time now);
  /// As it went before this process: one try shows whether it goes now.
  void failing_before(std::string_view target);

  /// A target of which more should be read from the store, after this key.
  struct Look {
    std::string target;
    store::Key after;
  };
  /// One at a time of each target; each is to end with found() or abandon().
  [[nodiscard]] std::optional<Look> next_look(Time now);
  void abandon(const Look& look, Time now);
  /// Whether what a look found is to be tried: it isn't known, or not as it is now, and wasn't
  /// settled while the look was made.
  [[nodiscard]] bool is_news(const Look& look, const PendingEnd& end) const;
  /// What a look found. What is no news is passed over.
  void found(const Look& look, std::vector<PendingEnd> ends, const store::Key& next, bool done,
             WallTime wall, Time now);

  [[nodiscard]] std::optional<PendingEnd> take(Time now);
  /// Of one that was taken: it is done with; or it comes again.
  void done(const PendingEnd& end, bool gone, Time now);
  void failed(const PendingEnd& end, Time now);
  void unreachable(const PendingEnd& end, Time now);
  void overtaken(const PendingEnd& end, Time now);
  /// One that was taken, and isn't to be tried before.
  void put_off(PendingEnd end, Time until);
  /// Rows of ends that it knows are being changed: for a while it looks at all of them.
  void doubt(std::string_view target, Time now);

  [[nodiscard]] bool reachable(std::string_view target) const;
  /// Whether there are others of the target whose time has come.
  [[nodiscard]] bool more_wait(std::string_view target) const;
  /// When the next try of a target that fails may be; nullopt: it doesn't.
  [[nodiscard]] std::optional<Time> next_try(std::string_view target) const;
  /// Since when it can't be reached; nullopt: it can.
  [[nodiscard]] std::optional<Time> failing_since(std::string_view target) const;
  [[nodiscard]] std::vector<std::string> targets() const;
  /// When there may be something to do by itself.
  [[nodiscard]] std::optional<Time> next_time(Time now) const;

  /// After an end that its target took, for what may still have been under way.
  [[nodiscard]] static Time pause_before(std::uint8_t further_rounds);
  /// 1 s doubling to 5 minutes; `salt` takes up to a quarter of it away, so that many don't come
  /// at once.
  [[nodiscard]] static Time backoff(std::uint32_t attempts, std::uint64_t salt);

 private:
  struct Target {
    std::deque<PendingEnd> ready;
    std::deque<PendingEnd> ready_slow;  ///< of those that are in `slow`
    std::multimap<Time, PendingEnd> delayed;
    /// Ready, delayed and running, with the versions of their rows.
    std::map<std::string, store::RowVersion, std::less<>> known;
    std::map<std::string, Time, std::less<>> running;  ///< since when
    bool slow_runs = false;
    std::set<std::string, std::less<>> slow;  ///< that took long at the last try, and failed
    std::uint64_t last_start = 0;
    std::optional<Time> failing_since;
    std::uint32_t failures = 0;
    Time next_try{0};
    store::Key after;
    Time look_at{0};
    std::uint32_t empty_looks = 0;
    bool looking = false;
    bool scanned = false;  ///< all of its rows were looked at once in this process
    std::set<std::string, std::less<>> settled;  ///< since the look began
    Time doubt_until{0};  ///< until then it is looked at however many are ready
  };
  using Targets = std::map<std::string, Target, std::less<>>;
  Target& of(std::string_view name);
  [[nodiscard]] const Target* find(std::string_view name) const;
  static void wake(Target& target, Time now);
  static void make_ready(Target& target, PendingEnd end);
  /// It takes what it had refused: the others that wait after a failure are due now.
  static void wake_failed(Target& target);
  static void end_slowness(Target& target);
  static void put(Target& target, PendingEnd end, WallTime wall, Time now);
  [[nodiscard]] static Time wait_of(const Target& target, const PendingEnd& end, WallTime wall);
  static void drop(Target& target, const std::string& id);
  [[nodiscard]] bool may_start(const Target& target, Time now) const;
  [[nodiscard]] static bool forced_waits(const Target& target);
  /// Whether one is ready that could start, as far as the place of the slow ones goes.
  [[nodiscard]] static bool one_waits(const Target& target);
  /// A place is free, and the end isn't known any more.
  void leave(Target& target, const PendingEnd& end);
  /// A place is free.
  void vacate(Target& target, const std::string& id);

  Targets targets_;
  std::size_t running_ = 0;
  std::uint64_t starts_ = 0;
};

}  // namespace coffer::lifecycle
