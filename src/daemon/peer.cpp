#include "peer.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <string>

#include "coffer/base/clock.h"

namespace coffer::daemon {
namespace {

// Linux 6.5; glibc's headers of Debian 12 don't know it.
#ifdef SO_PEERPIDFD
constexpr int kPeerPidFd = SO_PEERPIDFD;
#else
constexpr int kPeerPidFd = 77;
#endif
constexpr std::size_t kMaxProcFile = 8192;

UnitPlace unknown() { return {.unit = {}, .container = true}; }

/// Whole, or nothing: half a file of cgroups could name another one.
std::optional<std::string> read_proc(pid_t pid, std::string_view name) {
  const std::string path = "/proc/" + std::to_string(pid) + "/" + std::string(name);
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  std::string text(kMaxProcFile, '\0');
  std::size_t size = 0;
  ssize_t got = 0;
  while (size < text.size() && (got = read(file, text.data() + size, text.size() - size)) > 0) {
    size += static_cast<std::size_t>(got);
  }
  close(file);
  if (got < 0 || size == text.size()) return std::nullopt;
  text.resize(size);
  return text;
}

bool has_ended(int pidfd) {
  pollfd state{.fd = pidfd, .events = POLLIN, .revents = 0};
  return poll(&state, 1, 0) != 0;
}

std::optional<std::uint64_t> number_at(std::string_view text, std::size_t field) {
  for (std::size_t skipped = 0;; ++skipped) {
    const std::size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return std::nullopt;
    text.remove_prefix(begin);
    const std::size_t end = std::min(text.find_first_of(" \t\n"), text.size());
    if (skipped == field) {
      std::uint64_t number = 0;
      const auto [stop, problem] = std::from_chars(text.data(), text.data() + end, number);
      if (problem != std::errc{} || stop != text.data() + end) return std::nullopt;
      return number;
    }
    text.remove_prefix(end);
  }
}

/// The effective one. Not the owner of /proc/PID: that is root for whoever isn't dumpable.
bool runs_as(pid_t pid, uid_t uid) {
  const auto status = read_proc(pid, "status");
  if (!status) return false;
  const std::size_t line = status->find("\nUid:");
  if (line == std::string::npos) return false;
  const auto effective = number_at(std::string_view(*status).substr(line + 5), 1);
  return effective && *effective == uid;
}

/// proc(5): field 22 of stat, in clock ticks since boot; field 2 may hold anything but ends in ")".
std::optional<std::chrono::nanoseconds> started(pid_t pid) {
  constexpr std::size_t kStartTime = 22 - 3;
  const auto stat = read_proc(pid, "stat");
  if (!stat) return std::nullopt;
  const std::size_t name_end = stat->rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  const auto ticks = number_at(std::string_view(*stat).substr(name_end + 1), kStartTime);
  if (!ticks) return std::nullopt;
  const std::int64_t tick = std::nano::den / sysconf(_SC_CLK_TCK);
  return std::chrono::nanoseconds(static_cast<std::int64_t>(*ticks) * tick);
}

UnitPlace place_of(pid_t pid) {
  const auto cgroups = read_proc(pid, "cgroup");
  return cgroups ? place_in_cgroups(*cgroups) : unknown();
}

UnitPlace place_of_peer(int socket, const ucred& credentials) {
  if (credentials.pid <= 0) return unknown();  // of a pid namespace that isn't seen from here
  const std::chrono::nanoseconds accepted = system_clock().boottime();
  int pidfd = -1;
  socklen_t size = sizeof pidfd;
  if (getsockopt(socket, SOL_SOCKET, kPeerPidFd, &pidfd, &size) == 0) {
    UnitPlace place = place_of(credentials.pid);
    // Not ended until now, so all the while the number was its own.
    if (has_ended(pidfd)) place = unknown();
    close(pidfd);
    return place;
  }
  if (errno != ENOPROTOOPT) return unknown();  // it is gone already
  return place_by_number(credentials.pid, credentials.uid, accepted);
}

std::vector<gid_t> groups_of(int socket) {
  std::vector<gid_t> groups;
  socklen_t bytes = 0;
  // The first call says how much room the list needs.
  if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, nullptr, &bytes) == 0 || errno != ERANGE) {
    return groups;
  }
  groups.resize(bytes / sizeof(gid_t));
  if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &bytes) != 0) groups.clear();
  return groups;
}

}  // namespace

UnitPlace place_by_number(pid_t pid, uid_t uid, std::chrono::nanoseconds accepted) {
  UnitPlace place = place_of(pid);
  const auto start = started(pid);
  if (!start || *start >= accepted || !runs_as(pid, uid)) return unknown();
  return place;
}

Result<model::Peer> peer_of(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return make_error(ErrorCode::unavailable, "cannot tell who connected", std::strerror(errno));
  }
  UnitPlace place = place_of_peer(socket, credentials);
  return model::Peer{.uid = credentials.uid,
                     .gid = credentials.gid,
                     .pid = credentials.pid,
                     .groups = groups_of(socket),
                     .unit = std::move(place.unit),
                     .container = place.container};
}

}  // namespace coffer::daemon
