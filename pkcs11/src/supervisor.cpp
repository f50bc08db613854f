#include "coffer/pkcs11/supervisor.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "coffer/pkcs11/remote_token.h"
#include "supervisor_process.h"

namespace coffer::pkcs11 {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSettingsPatience{5000};
constexpr milliseconds kInitialisePatience{70000};
/// Beyond the supervisor's own patience: to end the worker before, and a slow disk.
constexpr milliseconds kLeastOpenPatience{10000};
constexpr milliseconds kOpenMargin{10000};

/// An empty path is no file.
Result<FileDescriptor> open_attempts(const std::string& path) {
  if (path.empty()) return FileDescriptor();
  FileDescriptor file(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
  const FileDescriptor directory(
      ::open(path.substr(0, path.rfind('/') + 1).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // The file's name has to be durable too, before anything in it counts.
  if (!file.open() || !directory.open() || ::fsync(directory.get()) != 0) {
    return make_error(ErrorCode::unavailable,
                      "the record of PIN attempts can't be opened: no PIN is tried",
                      std::strerror(errno));
  }
  return file;
}

class WorkerSource final : public TokenSource {
 public:
  WorkerSource(SupervisorProcess& supervisor, std::uint32_t number, std::string attempts_path)
      : supervisor_(supervisor), number_(number), attempts_path_(std::move(attempts_path)) {}
  ~WorkerSource() override { WorkerSource::forget(); }

  Result<std::unique_ptr<Token>> open(const TokenConfig& config, const SecureBytes& pin) override {
    COFFER_TRY(const FileDescriptor attempts, open_attempts(attempts_path_));
    const Opening opening{.config = config,
                          .pin = pin.expose(Reveal{"the PIN goes to the supervisor"})};
    auto token = ask(OpenToken{number_, opening}, config.call_deadline, attempts.get());
    if (token.ok()) {
      const MutexLock lock(mutex_);
      call_deadline_ = config.call_deadline;
    }
    return token;
  }

  Result<std::unique_ptr<Token>> reopen() override {
    return ask(ReopenToken{number_}, call_deadline());
  }

  void forget() override { supervisor_.tell(ForgetToken{number_}); }

 private:
  milliseconds call_deadline() {
    const MutexLock lock(mutex_);
    return call_deadline_;
  }

  Result<std::unique_ptr<Token>> ask(const Order& order, milliseconds call_deadline,
                                     int attempts = -1) {
    const milliseconds patience = std::max(2 * call_deadline, kLeastOpenPatience) + kOpenMargin;
    COFFER_TRY(SupervisorProcess::Answer answer, supervisor_.ask(order, patience, attempts));
    if (!answer.file.open()) {
      return make_error(ErrorCode::internal, "the supervisor gave no worker with its answer");
    }
    COFFER_TRY(auto token, RemoteToken::make(PacketSocket(std::move(answer.file)), call_deadline));
    return std::unique_ptr<Token>(std::move(token));
  }

  SupervisorProcess& supervisor_;
  const std::uint32_t number_;
  const std::string attempts_path_;
  Mutex mutex_;
  milliseconds call_deadline_ COFFER_GUARDED_BY(mutex_){0};
};

class OverProcess final : public Supervisor {
 public:
  OverProcess(std::unique_ptr<SupervisorProcess> process, std::string attempts_path)
      : process_(std::move(process)), attempts_path_(std::move(attempts_path)) {}

  std::unique_ptr<TokenSource> source() override {
    return std::make_unique<WorkerSource>(*process_, next_token_++, attempts_path_);
  }

  Result<std::string> initialise_token(const Initialising& token) override {
    COFFER_TRY(const SupervisorProcess::Answer answer, process_->ask(token, kInitialisePatience));
    return std::string(as_text(answer.body));
  }

 private:
  const std::unique_ptr<SupervisorProcess> process_;
  const std::string attempts_path_;
  std::atomic<std::uint32_t> next_token_{1};
};

}  // namespace

Result<std::unique_ptr<Supervisor>> Supervisor::start(const SupervisorConfig& config) {
  COFFER_TRY(auto process, SupervisorProcess::start(config.program));
  COFFER_CHECK(process->ask(config.settings, kSettingsPatience));
  return std::unique_ptr<Supervisor>(
      std::make_unique<OverProcess>(std::move(process), config.attempts_path));
}

Result<std::string> program_beside_this(std::string_view name) {
  std::array<char, 4096> room{};
  const ssize_t size = ::readlink("/proc/self/exe", room.data(), room.size());
  if (size <= 0 || size == static_cast<ssize_t>(room.size())) {
    return make_error(ErrorCode::internal, "where this program lies can't be told");
  }
  std::string path(room.data(), static_cast<std::size_t>(size));
  path.resize(path.rfind('/') + 1);
  return path.append(name);
}

}  // namespace coffer::pkcs11
