// A process's place in the tree of control groups, as systemd names it. A pure function.
#pragma once

#include <string>
#include <string_view>

namespace coffer::daemon {

/// What cgroups(7) and systemd's naming make known.
struct UnitPlace {
  std::string unit{};      ///< "app.service"; empty: in none
  bool container = false;  ///< in a container, a virtual machine, or where nobody can tell
};

/// `text` is /proc/PID/cgroup. The unit is the first component under the root that isn't a slice:
/// what lies below it is in the hands of whoever runs the unit, so a user's own "app.service" is
/// "user@1000.service". Whatever can't be read is as in a container: only roles that name a scope
/// match that.
[[nodiscard]] UnitPlace place_in_cgroups(std::string_view text);

}  // namespace coffer::daemon
