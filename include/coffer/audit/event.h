// What the log says of the daemon itself: starts, stops, what was wrong, what was taken on.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "coffer/audit/search.h"

namespace coffer::audit {

struct Event {
  std::uint64_t sequence = 0;
  std::string time{};
  std::string type{};    ///< start, stop, config_reloaded, …
  std::string detail{};  ///< of one that has none: its numbers, by name
};

/// Lines that come by the thousand and tell of nothing that happened: heartbeat, segment, store,
/// anchor.
[[nodiscard]] bool is_routine(std::string_view type) noexcept;

/// Those that aren't routine. `since`, `until` (not included): seconds since 1970. As
/// find_records().
[[nodiscard]] Result<void> find_events(const std::string& directory,
                                       const std::optional<std::int64_t>& since,
                                       const std::optional<std::int64_t>& until,
                                       const std::function<void(const Event&)>& found);

}  // namespace coffer::audit
