#include "supervisor.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <map>

#include "coffer/base/log.h"
#include "confine.h"
#include "supervised_token.h"

namespace coffer::token_process {
namespace {

using pkcs11::FileDescriptor;
using pkcs11::PacketSocket;

constexpr std::size_t kSecureHeap = std::size_t{256} << 10U;
constexpr std::size_t kMostTokens = 64;
constexpr std::chrono::seconds kInitialisePatience{60};

pkcs11::Instant in(std::chrono::seconds time) { return std::chrono::steady_clock::now() + time; }

class Supervisor final {
 public:
  explicit Supervisor(pid_t daemon) : parent_(daemon), daemon_(FileDescriptor(kSocket)) {}

  Result<void> run() {
    COFFER_TRY(SecureBytes buffer, SecureBytes::allocate(pkcs11::kMaxPacket));
    const MutableByteView room =
        buffer.expose_mutable(Reveal{"orders come in here, PINs among them, and are wiped"});
    for (;;) {
      COFFER_CHECK(await());
      FileDescriptor file;
      COFFER_TRY(const std::size_t size, daemon_.receive(room, in(std::chrono::seconds(1)), &file));
      if (size == 0) return {};
      const Result<void> done = obey(room.first(size), std::move(file));
      wipe(room.first(size));
      COFFER_CHECK(done);
    }
  }

 private:
  /// An order. Workers that end meanwhile are waited for.
  Result<void> await() {
    for (;;) {
      std::vector<pollfd> watched = {{daemon_.file(), POLLIN, 0}};
      for (auto& [number, token] : tokens_) {
        if (token.worker() && token.worker()->ended()) token.worker().reset();
        if (token.worker()) watched.push_back({token.worker()->watch(), POLLIN, 0});
      }
      if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) {
        return make_error(ErrorCode::internal, "the supervisor can't wait for orders");
      }
      if (watched.front().revents != 0) return {};
    }
  }

  Result<void> obey(ByteView packet, FileDescriptor file) {
    COFFER_TRY(const auto request, pkcs11::decode_supervisor_request(packet));
    const std::uint64_t id = request.id;
    if (const auto* const settings = std::get_if<pkcs11::Settings>(&request.order)) {
      return answer(id, settle(*settings));
    }
    // Before that it isn't clear as whom.
    if (!settings_) return make_error(ErrorCode::corrupt, "no settings came first");
    if (const auto* const open = std::get_if<pkcs11::OpenToken>(&request.order)) {
      return answer(id, this->open(*open, std::move(file)));
    }
    if (const auto* const reopen = std::get_if<pkcs11::ReopenToken>(&request.order)) {
      return answer(id, this->reopen(*reopen));
    }
    if (const auto* const forget = std::get_if<pkcs11::ForgetToken>(&request.order)) {
      if (const auto token = tokens_.find(forget->token); token != tokens_.end()) {
        token->second.forget();
      }
      return {};
    }
    return answer(id, initialise(std::get<pkcs11::Initialising>(request.order)));
  }

  Result<void> answer(std::uint64_t id, const Result<void>& done) {
    return done.ok() ? send(pkcs11::encode_ok(id)) : send(pkcs11::encode_error(id, done.error()));
  }
  Result<void> answer(std::uint64_t id, const Result<PacketSocket>& opened) {
    if (!opened.ok()) return send(pkcs11::encode_error(id, opened.error()));
    return send(pkcs11::encode_ok(id), {}, opened->file());
  }
  Result<void> answer(std::uint64_t id, const Result<Bytes>& made) {
    if (!made.ok()) return send(pkcs11::encode_error(id, made.error()));
    return send(pkcs11::encode_ok(id), *made);
  }
  Result<void> send(ByteView head, ByteView body = {}, int file = -1) {
    const ByteView parts[] = {head, body};
    return daemon_.send(parts, in(std::chrono::seconds(5)), file);
  }

  Result<void> settle(const pkcs11::Settings& settings) {
    if (settings_) return make_error(ErrorCode::precondition, "the settings came before");
    COFFER_CHECK(become(settings, parent_));
    settings_ = settings;
    return {};
  }

  Result<PacketSocket> open(const pkcs11::OpenToken& open, FileDescriptor attempts) {
    if (tokens_.size() >= kMostTokens && !tokens_.contains(open.token)) {
      return make_error(ErrorCode::resource_exhausted, "too many tokens for one supervisor");
    }
    return tokens_[open.token].open({daemon_, *settings_}, open.opening, std::move(attempts));
  }

  Result<PacketSocket> reopen(const pkcs11::ReopenToken& reopen) {
    return tokens_[reopen.token].reopen({daemon_, *settings_});
  }

  Result<Bytes> initialise(const pkcs11::Initialising& wanted) {
    COFFER_TRY(WorkerProcess worker,
               WorkerProcess::start(settings_->confinement, settings_->environment));
    pkcs11::LoginOutcome outcome{};
    return ask_worker({daemon_, *settings_}, worker, wanted, in(kInitialisePatience), outcome);
  }

  const pid_t parent_;
  const PacketSocket daemon_;
  std::optional<pkcs11::Settings> settings_;
  std::map<std::uint32_t, SupervisedToken> tokens_;
};

}  // namespace

int supervise(pid_t daemon) {
  Result<void> done = harden(daemon, kSecureHeap);
  if (done.ok()) done = Supervisor(daemon).run();
  if (done.ok()) return EXIT_SUCCESS;
  log::error(done.error());
  return EXIT_FAILURE;
}

}  // namespace coffer::token_process
