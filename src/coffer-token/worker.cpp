#include "worker.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "coffer/base/log.h"
#include "coffer/pkcs11/token_server.h"
#include "confine.h"

namespace coffer::token_process {
namespace {

using pkcs11::LoginOutcome;
using pkcs11::PacketSocket;

/// Sixty-four KiB a thread, and what they unwrap. Under the usual limit of 8 MiB.
constexpr std::size_t kSecureHeap = std::size_t{4} << 20U;
constexpr std::size_t kMostThreads = 32;
/// For what is under way in the module when the other end closes. Then SIGALRM ends the process.
constexpr unsigned kLastSeconds = 2;

pkcs11::Instant in_a_while() { return std::chrono::steady_clock::now() + std::chrono::seconds(30); }

class Worker final {
 public:
  Worker() : socket_(pkcs11::FileDescriptor(kSocket)) {}

  Result<void> run() {
    COFFER_TRY(buffer_, SecureBytes::allocate(pkcs11::kMaxPacket));
    COFFER_CHECK(greet());
    COFFER_TRY(const auto request, next());
    Result<void> done = begin(request);
    wipe(buffer_.expose_mutable(Reveal{"the message that held the PIN is wiped"}));
    COFFER_CHECK(done);
    if (token_ == nullptr) return {};
    const std::size_t threads = std::clamp<std::size_t>(threads_, 1, kMostThreads);
    COFFER_CHECK(pkcs11::serve_token(*token_, socket_, threads, [] { ::alarm(kLastSeconds); }));
    token_.reset();
    return {};
  }

 private:
  Result<pkcs11::Request> next() {
    const MutableByteView room =
        buffer_.expose_mutable(Reveal{"the message that holds the PIN comes in here"});
    COFFER_TRY(const std::size_t size, socket_.receive(room));
    if (size == 0) return make_error(ErrorCode::unavailable, "the supervisor is gone");
    return pkcs11::decode_request(room.first(size));
  }

  Result<void> answer(ByteView head, ByteView body = {}) {
    const ByteView parts[] = {head, body};
    return socket_.send(parts, in_a_while());
  }

  Result<void> greet() {
    COFFER_TRY(const auto request, next());
    const auto* const hello = std::get_if<pkcs11::Hello>(&request.message);
    if (hello != nullptr && hello->version == pkcs11::kWorkerProtocol) {
      return answer(pkcs11::encode_ok(request.id));
    }
    Error refused =
        make_error(ErrorCode::precondition, "cofferd and coffer-token aren't of the same version");
    static_cast<void>(answer(pkcs11::encode_error(request.id, refused)));
    return refused;
  }

  Result<void> begin(const pkcs11::Request& request) {
    if (const auto* const opening = std::get_if<pkcs11::Opening>(&request.message)) {
      return open(request.id, *opening);
    }
    if (const auto* const token = std::get_if<pkcs11::Initialising>(&request.message)) {
      return initialise(request.id, *token);
    }
    return make_error(ErrorCode::corrupt, "no token is open");
  }

  /// A failure is told to the supervisor, which tells the daemon; it is no failure of this process.
  Result<void> open(std::uint64_t id, const pkcs11::Opening& opening) {
    COFFER_TRY(const SecureBytes pin, SecureBytes::copy_of(opening.pin));
    LoginOutcome outcome{};
    auto opened = pkcs11::open_token(opening.config, pin, outcome);
    if (!opened.ok()) return answer(pkcs11::encode_error(id, opened.error(), outcome));
    token_ = *std::move(opened);
    threads_ = opening.config.max_sessions;
    return answer(pkcs11::encode_ok(id));
  }

  Result<void> initialise(std::uint64_t id, const pkcs11::Initialising& wanted) {
    COFFER_TRY(const SecureBytes so_pin, SecureBytes::copy_of(wanted.so_pin));
    COFFER_TRY(const SecureBytes user_pin, SecureBytes::copy_of(wanted.user_pin));
    const auto serial = pkcs11::initialise_token(wanted.module_path, wanted.label, so_pin, user_pin,
                                                 wanted.sync_directory);
    if (!serial.ok()) return answer(pkcs11::encode_error(id, serial.error()));
    return answer(pkcs11::encode_ok(id), as_bytes(*serial));
  }

  const PacketSocket socket_;
  SecureBytes buffer_;
  std::unique_ptr<pkcs11::Token> token_;
  std::size_t threads_ = 1;
};

}  // namespace

int work(pkcs11::Confinement confinement, pid_t supervisor) {
  Result<void> done = harden(supervisor, kSecureHeap);
  if (done.ok()) done = filter_system_calls(confinement);
  if (done.ok()) done = Worker().run();
  if (done.ok()) return EXIT_SUCCESS;
  log::error(done.error());
  return EXIT_FAILURE;
}

}  // namespace coffer::token_process
