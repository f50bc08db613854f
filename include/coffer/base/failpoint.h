// Where a test may kill the process: a step between two effects, by name. Nothing at all, unless
// COFFER_FAILPOINTS is defined, which it is for the program of tests/fault/failpoints alone.
#pragma once

#ifdef COFFER_FAILPOINTS
#include <string>
#include <string_view>

namespace coffer {
/// Ends the process by SIGKILL if the file that the environment names in COFFER_FAILPOINT_FILE
/// holds this name. Removes the file first: one kill for each that is asked for.
void failpoint(std::string_view name);
inline void failpoint(std::string_view name, std::string_view which) {
  failpoint(std::string(name) + "." + std::string(which));
}
}  // namespace coffer
#define COFFER_FAILPOINT(name) ::coffer::failpoint(name)
/// One of several steps that the same lines take: "name.which".
#define COFFER_FAILPOINT_OF(name, which) ::coffer::failpoint(name, which)
#else
#define COFFER_FAILPOINT_OF(name, which) static_cast<void>(0)
#define COFFER_FAILPOINT(name) static_cast<void>(0)
#endif
