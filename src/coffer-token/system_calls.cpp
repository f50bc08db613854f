// The worker's filter (seccomp(2)). A list of what is refused, not of what is allowed: modules are
// other people's code, and which calls they make changes with each of their releases. What is
// refused is what a module never needs, and what whoever took it over would want: to start
// programs, to look into other processes, to reach the network, to change the system.
#include <seccomp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "confine.h"

namespace coffer::token_process {
namespace {

struct Release {
  void operator()(void* filter) const noexcept { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Release>;

constexpr std::array kRefused = {
    // Other programs.
    "execve", "execveat", "fork", "vfork",
    // Other processes. tgkill stays: abort() and the C library's own signals to threads.
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_open",
    "pidfd_getfd", "pidfd_send_signal", "kill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo",
    // Being spoken to: a worker has one socket, and it came with it.
    "listen", "accept", "accept4",
    // Another view of the system, other rights.
    "mount", "umount2", "pivot_root", "chroot", "setns", "unshare", "move_mount", "open_tree",
    "fsopen", "fsmount", "fsconfig", "fspick", "mount_setattr", "setuid", "setgid", "setreuid",
    "setregid", "setresuid", "setresgid", "setgroups", "setfsuid", "setfsgid", "capset",
    "open_by_handle_at", "name_to_handle_at",
    // The kernel itself.
    "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "bpf",
    "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register",
    "keyctl", "add_key", "request_key", "reboot", "swapon", "swapoff", "acct", "quotactl",
    "settimeofday", "clock_settime", "adjtimex", "clock_adjtime", "sethostname", "setdomainname",
    "iopl", "ioperm", "syslog", "personality", "uselib", "lookup_dcookie", "nfsservctl", "vhangup"};

Error failed(int code) {
  return make_error(
      ErrorCode::unavailable,
      "cannot filter the worker's system calls (token.seccomp = \"off\" goes without)",
      std::strerror(-code));
}

Result<void> refuse(void* filter, const char* name) {
  const int number = seccomp_syscall_resolve_name(name);
  if (number == __NR_SCMP_ERROR) return {};  // not on this machine
  const int done = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);
  if (done != 0 && done != -EDOM) return failed(done);
  return {};
}

/// Threads are clone() with CLONE_THREAD; all else is a new process. clone3's flags are in memory,
/// where a filter can't look: the C library goes back to clone() when there is none.
Result<void> refuse_processes(void* filter) {
  constexpr scmp_datum_t kCloneThread = 0x00010000;
  const int processes = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                                         SCMP_A0(SCMP_CMP_MASKED_EQ, kCloneThread, 0));
  if (processes != 0) return failed(processes);
  const int clone3 = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
  if (clone3 != 0) return failed(clone3);
  return {};
}

Result<void> refuse_network(void* filter) {
  for (const int call : {SCMP_SYS(socket), SCMP_SYS(socketpair)}) {
    const int done = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), call, 1,
                                      SCMP_A0(SCMP_CMP_NE, AF_UNIX));
    if (done != 0) return failed(done);
  }
  return {};
}

}  // namespace

Result<void> filter_system_calls(pkcs11::Confinement confinement) {
  if (confinement == pkcs11::Confinement::off) return {};
  const Filter filter(seccomp_init(SCMP_ACT_ALLOW));
  if (!filter) return failed(-ENOMEM);
  for (const char* const name : kRefused) COFFER_CHECK(refuse(filter.get(), name));
  COFFER_CHECK(refuse_processes(filter.get()));
  if (confinement == pkcs11::Confinement::local) COFFER_CHECK(refuse_network(filter.get()));
  if (const int loaded = seccomp_load(filter.get()); loaded != 0) return failed(loaded);
  return {};
}

}  // namespace coffer::token_process
