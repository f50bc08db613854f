#include "activation.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include <cstdlib>
#include <cstring>
#include <memory>

namespace coffer::daemon {
namespace {

/// The names of the descriptors: a list that ends with a null pointer, all of it malloc'ed.
struct FreeNames {
  void operator()(char** names) const noexcept {
    for (char** name = names; *name != nullptr; ++name) std::free(*name);
    std::free(names);
  }
};

Error refused(const std::string& name, std::string_view why) {
  return make_error(ErrorCode::precondition, "passed socket " + name + ": " + std::string(why));
}

Result<std::string> path_of(int fd, const std::string& name) {
  if (sd_is_socket_unix(fd, SOCK_STREAM, 1, nullptr, 0) <= 0) {
    return refused(name, "isn't a listening Unix stream socket");
  }
  sockaddr_un address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return refused(name, std::strerror(errno));
  }
  // Abstract sockets have no file, so no mode: anyone could connect.
  if (address.sun_path[0] == '\0') return refused(name, "has no path");
  return std::string(address.sun_path, strnlen(address.sun_path, sizeof address.sun_path));
}

}  // namespace

Result<std::vector<PassedSocket>> take_passed_sockets() {
  char** listed = nullptr;
  const int count = sd_listen_fds_with_names(1, &listed);
  const std::unique_ptr<char*, FreeNames> names(listed);
  if (count < 0) {
    return make_error(ErrorCode::precondition, "cannot take the sockets that were passed",
                      std::strerror(-count));
  }
  std::vector<PassedSocket> sockets;
  for (int i = 0; i < count; ++i) {
    const int fd = SD_LISTEN_FDS_START + i;
    const std::string name = names ? names.get()[i] : std::to_string(i);
    COFFER_TRY(std::string path, path_of(fd, name));
    sockets.push_back({fd, std::move(path)});
  }
  return sockets;
}

}  // namespace coffer::daemon
