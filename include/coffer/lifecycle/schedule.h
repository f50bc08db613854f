// Calendar times, as cron writes them, in a named time zone. docs/rotation.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "coffer/base/clock.h"
#include "coffer/base/result.h"

namespace coffer::lifecycle {

/// A value; thread-safe. An hour that the clocks skip happens when they have skipped it; one that
/// they repeat happens once, the first time.
class Schedule final {
 public:
  /// Five fields "minute hour day month weekday" with `*`, lists, ranges, steps and names, or
  /// @hourly,
  /// @daily, @weekly, @monthly, @yearly. Where both day and weekday are restricted either is
  /// enough, as with cron. `zone`: a name of the IANA database; empty: UTC. invalid_argument; also
  /// for what never comes (30 February).
  [[nodiscard]] static Result<Schedule> parse(std::string_view text, std::string_view zone);

  /// The first such time after `after`, on a whole minute; not_found: none within the years that
  /// the calendar repeats itself in.
  [[nodiscard]] Result<WallTime> next(WallTime after) const;

 private:
  struct Day;
  [[nodiscard]] bool matches(const Day& day) const;

  std::string zone_;
  std::uint64_t minutes_ = 0;  ///< a bit each
  std::uint32_t hours_ = 0;
  std::uint32_t days_ = 0;
  std::uint32_t months_ = 0;
  std::uint32_t weekdays_ = 0;
  bool any_day_ = false;
  bool any_weekday_ = false;
};

}  // namespace coffer::lifecycle
