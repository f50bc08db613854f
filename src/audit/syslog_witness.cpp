// Syslog, by its socket: syslog(3) tells nobody that a message was lost, and waits for ever for
// room in the socket of a collector that stands still.
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <syslog.h>

#include <cstring>
#include <ctime>

#include "coffer/audit/witness.h"
#include "system_call.h"

namespace coffer::audit {
namespace {

constexpr timeval kPatience{2, 0};

/// RFC 3164, as syslog(3) writes it: priority, local time, program, process.
std::string head() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  std::array<char, 32> time{};
  const std::size_t size = std::strftime(time.data(), time.size(), "%b %e %H:%M:%S", &local);
  return "<" + std::to_string(LOG_AUTHPRIV | LOG_NOTICE) + ">" + std::string(time.data(), size) +
         " cofferd[" + std::to_string(::getpid()) + "]: ";
}

std::string line_of(const SignedCheckpoint& note) {
  const Checkpoint& checkpoint = note.checkpoint;
  std::string line = "checkpoint " + checkpoint.origin + " " + std::to_string(checkpoint.size) +
                     " " + to_base64(checkpoint.root);
  for (const NoteSignature& signature : note.signatures) {
    line.append(" ").append(to_base64(signature.bytes));
  }
  return line;
}

class SyslogWitness final : public Witness {
 public:
  explicit SyslogWitness(std::string socket) : socket_(std::move(socket)) {}
  std::string name() const override { return "syslog"; }
  bool wants_proof() const override { return false; }

  Result<WitnessAnswer> add(const GrowthProof& proof) override {
    COFFER_TRY(const SignedCheckpoint note, parse_checkpoint(proof.checkpoint));
    const std::string line = head() + line_of(note);
    // Some collectors take a stream, in which messages end in NUL.
    auto sent = send(SOCK_DGRAM, line);
    if (!sent.ok() && sent.error().code == ErrorCode::unsupported) {
      sent = send(SOCK_STREAM, line + '\0');
    }
    if (!sent.ok()) return sent.error();
    return WitnessAnswer{};
  }

 private:
  [[nodiscard]] Result<void> send(int type, const std::string& text) const {
    const UniqueFd socket(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    if (!socket.valid()) return failed("socket", errno);
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket_.size() >= sizeof address.sun_path) return failed("connect", ENAMETOOLONG);
    std::memcpy(static_cast<char*>(address.sun_path), socket_.c_str(), socket_.size() + 1);
    const void* const to = &address;
    if (::connect(socket.get(), static_cast<const sockaddr*>(to), sizeof address) != 0) {
      return failed("connect", errno);
    }
    for (std::string_view rest = text; !rest.empty();) {
      const ssize_t now = ::send(socket.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
      if (now < 0 && errno == EINTR) continue;
      if (now < 0) return failed("send", errno);
      rest.remove_prefix(static_cast<std::size_t>(now));
    }
    return {};
  }
  [[nodiscard]] static Error failed(std::string_view call, int error_number) {
    Error error = system_error(call, error_number);
    if (error_number == EPROTOTYPE) error.code = ErrorCode::unsupported;
    error.text = "syslog doesn't take the checkpoint";
    return error;
  }
  std::string socket_;
};

}  // namespace

std::unique_ptr<Witness> make_syslog_witness(std::string socket) {
  return std::make_unique<SyslogWitness>(std::move(socket));
}

}  // namespace coffer::audit
