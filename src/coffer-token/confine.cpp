#include "confine.h"

#include <grp.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace coffer::token_process {
namespace {

Error failed(std::string_view what) {
  return make_error(ErrorCode::internal, what, std::strerror(errno));
}

/// Both are lost by a change of user, so this runs again after one (prctl(2)).
Result<void> tie_to(pid_t parent) {
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return failed("cannot turn core dumps off");
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return failed("cannot be tied to the parent");
  // It may have died before that call.
  if (getppid() != parent) return make_error(ErrorCode::unavailable, "the parent is gone");
  return {};
}

}  // namespace

Result<void> harden(pid_t parent, std::size_t secure_heap) {
  // A hardware token's module that writes into a closed socket must not end the process (SIGPIPE);
  // a service manager that ends the whole group must not end us before the daemon is done.
  for (const int ignored : {SIGPIPE, SIGXFSZ, SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    std::signal(ignored, SIG_IGN);
  }
  if (::syscall(SYS_close_range, kSocket + 1, ~0U, 0) != 0) return failed("cannot close files");
  const rlimit no_core{0, 0};
  if (setrlimit(RLIMIT_CORE, &no_core) != 0) return failed("cannot turn core dumps off");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("cannot renounce privileges");
  umask(S_IRWXG | S_IRWXO);
  COFFER_CHECK(tie_to(parent));
  return initialise_secure_heap(secure_heap);
}

Result<void> become(const pkcs11::Settings& settings, pid_t parent) {
  if (settings.user.empty()) return {};
  const uid_t uid = settings.uid;
  const gid_t gid = settings.gid;
  if (geteuid() == uid && getegid() == gid) return {};
  // Groups first: without root no one may set them.
  if (initgroups(settings.user.c_str(), gid) != 0) return failed("cannot set the worker's groups");
  if (setresgid(gid, gid, gid) != 0) return failed("cannot set the worker's group");
  if (setresuid(uid, uid, uid) != 0) return failed("cannot set the worker's user");
  if (uid != 0 && (setuid(0) == 0 || seteuid(0) == 0)) {
    return make_error(ErrorCode::internal, "root was given up, but could be had again");
  }
  return tie_to(parent);
}

}  // namespace coffer::token_process
