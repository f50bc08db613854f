#include "coffer/base/no_dumps.h"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace coffer {

void refuse_dumps() noexcept {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
#if !defined(__SANITIZE_ADDRESS__)
  // The leak sanitizer looks at its own process as a debugger does.
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

}  // namespace coffer
