#include "coffer/programs/control.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "coffer/base/codec.h"

namespace coffer::programs {
namespace {

constexpr std::uint8_t kDeclare = 1;
constexpr std::uint8_t kReady = 2;
constexpr std::uint8_t kRun = 3;

using ControlSpace = std::array<std::uint8_t, CMSG_SPACE(kMaxFiles * sizeof(int))>;

Error failed(std::string_view call) {
  return make_error(ErrorCode::unavailable, "coffer-exec is gone: cofferd has to be restarted",
                    std::string(call) + ": " + std::strerror(errno));
}

Result<Order> decode_declare(Reader& reader) {
  Program program;
  COFFER_TRY(program.name, reader.text());
  COFFER_TRY(program.path, reader.text());
  COFFER_TRY(program.user, reader.text());
  COFFER_TRY(const std::uint32_t seconds, reader.u32());
  program.deadline = std::chrono::seconds(seconds);
  return Order(Declare{std::move(program)});
}

}  // namespace

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    close();
    number_ = other.release();
  }
  return *this;
}

void File::close() noexcept {
  if (number_ >= 0) ::close(number_);
  number_ = -1;
}

int File::release() noexcept {
  const int number = number_;
  number_ = -1;
  return number;
}

Bytes encode(const Order& order) {
  Writer writer;
  if (const auto* declare = std::get_if<Declare>(&order)) {
    const Program& program = declare->program;
    writer.u8(kDeclare).text(program.name).text(program.path).text(program.user);
    writer.u32(static_cast<std::uint32_t>(program.deadline.count()));
  } else if (const auto* run = std::get_if<Run>(&order)) {
    writer.u8(kRun).u32(run->program);
  } else {
    writer.u8(kReady);
  }
  return std::move(writer).take();
}

Result<Order> decode_order(ByteView frame) {
  Reader reader(frame);
  COFFER_TRY(const std::uint8_t kind, reader.u8());
  Order order = Ready{};
  if (kind == kDeclare) {
    COFFER_TRY(order, decode_declare(reader));
  } else if (kind == kRun) {
    Run run;
    COFFER_TRY(run.program, reader.u32());
    order = run;
  } else if (kind != kReady) {
    return make_error(ErrorCode::corrupt, "an order to coffer-exec of no known kind");
  }
  COFFER_CHECK(reader.finish());
  return order;
}

Bytes encode_verdict(std::string_view problem) {
  Writer writer;
  writer.text(problem);
  return std::move(writer).take();
}

Result<std::string> decode_verdict(ByteView frame) {
  Reader reader(frame);
  COFFER_TRY(const std::string_view problem, reader.text());
  COFFER_CHECK(reader.finish());
  return std::string(problem);
}

Result<void> send_frame(int socket, ByteView frame, std::span<const int> files) {
  iovec part{const_cast<std::uint8_t*>(frame.data()), frame.size()};
  alignas(cmsghdr) ControlSpace space{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!files.empty()) {
    message.msg_control = space.data();
    message.msg_controllen = CMSG_SPACE(files.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header == nullptr) return failed("CMSG_FIRSTHDR");
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(files.size_bytes());
    std::memcpy(CMSG_DATA(header), files.data(), files.size_bytes());
  }
  ssize_t sent = -1;
  do {
    sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent != static_cast<ssize_t>(frame.size())) return failed("sendmsg");
  return {};
}

Result<std::size_t> receive_frame(int socket, MutableByteView room, std::vector<File>& files) {
  iovec part{room.data(), room.size()};
  alignas(cmsghdr) ControlSpace space{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = space.data();
  message.msg_controllen = space.size();
  ssize_t got = -1;
  do {
    got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return failed("recvmsg");
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
      files.emplace_back(number);
    }
  }
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    return make_error(ErrorCode::corrupt, "a packet to coffer-exec is too long");
  }
  return static_cast<std::size_t>(got);
}

}  // namespace coffer::programs
