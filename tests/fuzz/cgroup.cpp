// Whatever /proc/PID/cgroup holds: a unit is a name without slash, and never one that a slice
// hides.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "src/daemon/cgroup.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto place = coffer::daemon::place_in_cgroups(text);
  if (place.unit.empty()) return 0;
  require(place.unit.ends_with(".service") || place.unit.ends_with(".scope"));
  require(place.unit.size() <= 255 && place.unit.find('/') == std::string::npos);
  require(text.find("/" + place.unit) != std::string_view::npos);
  return 0;
}
