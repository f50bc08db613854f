#include "socket_file.h"

#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "coffer/pkcs11/module_file.h"

namespace coffer::daemon {
namespace {

constexpr std::size_t kMaxBacklog = 4096;  // SOMAXCONN of Linux 5.4 and later

Error failed(std::string_view what, const std::string& path) {
  return make_error(ErrorCode::unavailable, std::string(what) + " " + path, std::strerror(errno));
}

Error refused(const std::string& path, std::string_view why) {
  return make_error(ErrorCode::precondition, "socket " + path + ": " + std::string(why));
}

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return make_error(ErrorCode::invalid_argument,
                      "path of the socket is longer than 107 bytes: " + path);
  }
  std::copy(path.begin(), path.end(), std::begin(address.sun_path));
  return address;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

/// Who may write to it may put a socket of their own there, and be taken for us.
Result<void> check_directory(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  struct stat about {};
  if (stat(directory.c_str(), &about) != 0) return failed("cannot look at", directory);
  const std::string_view why = pkcs11::why_untrusted(about.st_mode, about.st_uid, geteuid());
  if (!why.empty()) return refused(path, "its directory " + std::string(why));
  return {};
}

/// A dead daemon's socket refuses connections; one that is alive takes them, or is too busy to.
Result<bool> someone_listens(const sockaddr_un& address) {
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return failed("cannot make a socket for", address.sun_path);
  const bool refused_us =
      connect(probe, generic(address), sizeof address) != 0 && errno == ECONNREFUSED;
  close(probe);
  return !refused_us;
}

Result<void> clear_the_way(const std::string& path, const sockaddr_un& address) {
  struct stat about {};
  if (lstat(path.c_str(), &about) != 0) {
    if (errno == ENOENT) return {};
    return failed("cannot look at", path);
  }
  if (!S_ISSOCK(about.st_mode)) return refused(path, "not a socket, so left alone");
  if (about.st_uid != geteuid()) return refused(path, "another user's, so left alone");
  COFFER_TRY(const bool alive, someone_listens(address));
  if (alive) return refused(path, "another process listens there");
  if (unlink(path.c_str()) != 0) return failed("cannot remove", path);
  return {};
}

Result<void> bind_and_listen(int fd, const ListenerConfig& config, const sockaddr_un& address) {
  // Born with no rights for anyone else (umask), then widened to what is configured.
  if (bind(fd, generic(address), sizeof address) != 0) return failed("cannot bind", config.path);
  const auto opened = [&]() -> Result<void> {
    COFFER_CHECK(give_access(config));
    const std::size_t backlog = std::min(config.max_connections, kMaxBacklog);
    if (listen(fd, static_cast<int>(backlog)) != 0) return failed("cannot listen on", config.path);
    return {};
  }();
  if (!opened.ok()) unlink(config.path.c_str());
  return opened;
}

Result<gid_t> group_id(const std::string& name) {
  std::vector<char> room(16384);
  group entry{};
  group* found = nullptr;
  const int code = getgrnam_r(name.c_str(), &entry, room.data(), room.size(), &found);
  if (code != 0 || found == nullptr) {
    return make_error(ErrorCode::precondition, "no such group: " + name,
                      code != 0 ? std::strerror(code) : "");
  }
  return entry.gr_gid;
}

Result<gid_t> wanted_group(const ListenerConfig& config) {
  if (config.group.empty()) return getegid();
  return group_id(config.group);
}

/// What stands at the path, if it is a socket of the wanted group.
Result<mode_t> mode_at(const ListenerConfig& config, gid_t group) {
  struct stat about {};
  if (lstat(config.path.c_str(), &about) != 0) return failed("cannot look at", config.path);
  if (!S_ISSOCK(about.st_mode)) return refused(config.path, "is no longer a socket");
  const bool groups_matter = (about.st_mode & S_IRWXG) != 0;
  if (groups_matter && about.st_gid != group) return refused(config.path, "has another group");
  return about.st_mode & 07777U;
}

}  // namespace

Result<int> listen_at(const ListenerConfig& config) {
  COFFER_TRY(const sockaddr_un address, address_of(config.path));
  COFFER_CHECK(check_directory(config.path));
  COFFER_CHECK(clear_the_way(config.path, address));
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return failed("cannot make a socket for", config.path);
  const auto opened = bind_and_listen(fd, config, address);
  if (opened.ok()) return fd;
  close(fd);
  return opened.error();
}

Result<void> give_access(const ListenerConfig& config) {
  COFFER_TRY(const gid_t group, wanted_group(config));
  struct stat about {};
  if (lstat(config.path.c_str(), &about) != 0) return failed("cannot look at", config.path);
  const auto no_change = static_cast<uid_t>(-1);
  if (about.st_gid != group && lchown(config.path.c_str(), no_change, group) != 0) {
    return failed("cannot give to its group the socket", config.path);
  }
  // Nobody but us and root can have put a link there: check_directory().
  if (chmod(config.path.c_str(), config.mode) != 0) {
    return failed("cannot set the mode of the socket", config.path);
  }
  COFFER_TRY(const mode_t mode, mode_at(config, group));
  if (mode != config.mode) return refused(config.path, "its mode isn't what was set");
  return {};
}

Result<void> check_access(const ListenerConfig& config) {
  COFFER_TRY(const gid_t group, wanted_group(config));
  COFFER_TRY(const mode_t mode, mode_at(config, group));
  // Execution means nothing on a socket, and bind(2) sets it.
  const mode_t rights = mode & (S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH);
  if ((rights & ~config.mode) != 0) {
    return refused(config.path, "its mode lets in more than listener.mode");
  }
  return {};
}

}  // namespace coffer::daemon
