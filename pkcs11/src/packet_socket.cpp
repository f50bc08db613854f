#include "coffer/pkcs11/packet_socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace coffer::pkcs11 {
namespace {

constexpr std::size_t kMaxParts = 4;

Error failed(std::string_view call) {
  return make_error(ErrorCode::unavailable, "the token's worker can't be spoken to",
                    std::string(call) + ": " + std::strerror(errno));
}

/// Until the socket is ready for `events`, or closed. unavailable once the deadline has passed.
Result<void> await(int file, short events, Instant deadline) {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd wanted{file, events, 0};
    const auto patience = std::clamp<std::chrono::milliseconds::rep>(left.count(), 0, 1 << 30);
    const int ready = ::poll(&wanted, 1, static_cast<int>(patience));
    if (ready > 0) return {};
    if (ready == 0) {
      return make_error(ErrorCode::unavailable, "the token didn't answer in time", "poll");
    }
    if (errno != EINTR) return failed("poll");
  }
}

/// Room for one descriptor beside a message.
union Control {
  cmsghdr header;
  std::array<char, CMSG_SPACE(sizeof(int))> bytes;
};

void attach(msghdr& message, Control& control, int file) {
  message.msg_control = &control;
  message.msg_controllen = sizeof control.bytes;
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof file);
  std::memcpy(CMSG_DATA(header), &file, sizeof file);
}

FileDescriptor detach(msghdr& message) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    int file = -1;
    std::memcpy(&file, CMSG_DATA(header), sizeof file);
    return FileDescriptor(file);
  }
  return {};
}

/// -1 with EAGAIN, or what recvmsg gave; the message's flags are looked at by the caller.
ssize_t receive_once(int file, MutableByteView buffer, int flags, FileDescriptor* passed,
                     bool& cut) {
  iovec vector{buffer.data(), buffer.size()};
  Control control{};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = sizeof control.bytes;
  const ssize_t size = ::recvmsg(file, &message, flags | MSG_CMSG_CLOEXEC);
  if (size < 0) return size;
  FileDescriptor came = detach(message);
  if (passed != nullptr) *passed = std::move(came);
  cut = (message.msg_flags & MSG_TRUNC) != 0;
  return size;
}

}  // namespace

FileDescriptor::~FileDescriptor() { close(); }

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    close();
    number_ = std::exchange(other.number_, -1);
  }
  return *this;
}

void FileDescriptor::close() noexcept {
  if (number_ >= 0) ::close(number_);
  number_ = -1;
}

Result<std::pair<PacketSocket, PacketSocket>> PacketSocket::pair() {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return failed("socketpair");
  }
  return std::pair{PacketSocket(FileDescriptor(ends[0])), PacketSocket(FileDescriptor(ends[1]))};
}

Result<void> PacketSocket::send(std::span<const ByteView> parts, Instant deadline, int file) const {
  std::array<iovec, kMaxParts> vectors{};
  std::size_t count = 0;
  std::size_t total = 0;
  for (const ByteView part : parts.first(std::min(parts.size(), kMaxParts))) {
    if (part.empty()) continue;
    // sendmsg(2) only reads them; iovec serves both ways.
    vectors[count++] = {
        const_cast<std::uint8_t*>(part.data()),  // NOLINT(cppcoreguidelines-pro-type-const-cast)
        part.size()};
    total += part.size();
  }
  if (total > kMaxPacket) {
    return make_error(ErrorCode::too_large, "a message to the token's worker is too long");
  }
  Control control{};
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = count;
  if (file >= 0) attach(message, control, file);
  for (;;) {
    if (::sendmsg(file_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return {};
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return failed("sendmsg");
    COFFER_CHECK(await(file_.get(), POLLOUT, deadline));
  }
}

Result<std::size_t> PacketSocket::receive(MutableByteView buffer, Instant deadline,
                                          FileDescriptor* file) const {
  for (;;) {
    bool cut = false;
    const ssize_t size = receive_once(file_.get(), buffer, MSG_DONTWAIT, file, cut);
    if (cut) return make_error(ErrorCode::corrupt, "a message of the token's worker is too long");
    if (size >= 0) return static_cast<std::size_t>(size);
    if (errno == ECONNRESET) return std::size_t{0};
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return failed("recvmsg");
    COFFER_CHECK(await(file_.get(), POLLIN, deadline));
  }
}

Result<std::size_t> PacketSocket::receive(MutableByteView buffer) const {
  for (;;) {
    bool cut = false;
    const ssize_t size = receive_once(file_.get(), buffer, 0, nullptr, cut);
    if (cut) return make_error(ErrorCode::corrupt, "a message to the token's worker is too long");
    if (size >= 0) return static_cast<std::size_t>(size);
    if (errno == ECONNRESET) return std::size_t{0};
    if (errno != EINTR) return failed("recvmsg");
  }
}

void PacketSocket::shut() const noexcept { ::shutdown(file_.get(), SHUT_RDWR); }

bool PacketSocket::hung_up() const noexcept {
  pollfd asked{file_.get(), 0, 0};
  return ::poll(&asked, 1, 0) > 0 && (asked.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

}  // namespace coffer::pkcs11
