#include "coffer/base/no_dumps.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdlib>

namespace coffer::test {
namespace {

[[noreturn]] void tell_what_is_left() {
  refuse_dumps();
  rlimit core{};
  const bool limited = ::getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0;
#if defined(__SANITIZE_ADDRESS__)
  const bool dumpable = false;
#else
  const bool dumpable = ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0;
#endif
  std::_Exit(limited && !dumpable ? 0 : 1);
}

/// In a process of its own: it can't be taken back.
TEST(NoDumpsDeathTest, LeavesNoCoreFileAndNoDebugger) {
  EXPECT_EXIT(tell_what_is_left(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace coffer::test
