#include "hardening.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>

#include "coffer/base/secure_bytes.h"
#include "wiping_delete.h"

namespace coffer::daemon {
namespace {

/// Room for a few thousand data keys beside the keyring; under RLIMIT_MEMLOCK's usual 8 MiB.
constexpr std::size_t kSecureHeap = std::size_t{2} << 20U;

}  // namespace

Result<void> harden_process() {
  const rlimit no_core{0, 0};
  if (setrlimit(RLIMIT_CORE, &no_core) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    return make_error(ErrorCode::internal, "cannot turn core dumps off");
  }
  umask(S_IRWXG | S_IRWXO);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  require_wiping_delete();
  return initialise_secure_heap(kSecureHeap);
}

}  // namespace coffer::daemon
