// Where a test may kill the process: a step between two effects, by name. Nothing at all, unless
// COFFER_FAILPOINTS is defined, which it is for the program of tests/fault/failpoints alone.
#pragma once

#ifdef COFFER_FAILPOINTS
namespace coffer {
/// Ends the process by SIGKILL if the file that the environment names in COFFER_FAILPOINT_FILE
/// holds this name. Removes the file first: one kill for each that is asked for.
void failpoint(const char* name);
}  // namespace coffer
#define COFFER_FAILPOINT(name) ::coffer::failpoint(name)
#else
#define COFFER_FAILPOINT(name) static_cast<void>(0)
#endif
