// A token under supervision: its PIN, its record of attempts, its worker.
#pragma once

#include <memory>
#include <optional>

#include "pin_attempts.h"
#include "worker_process.h"

namespace coffer::token_process {

/// What all tokens of one supervisor share.
struct Surroundings {
  const pkcs11::PacketSocket& daemon;
  const pkcs11::Settings& settings;
};

/// For the supervisor's one thread.
class SupervisedToken final {
 public:
  /// The worker's socket, its token open. Errors as pkcs11::open_token().
  using Opened = Result<pkcs11::PacketSocket>;

  /// After success the PIN is kept for reopen(). `attempts` may be no file at all.
  [[nodiscard]] Opened open(const Surroundings& around, const pkcs11::Opening& opening,
                            pkcs11::FileDescriptor attempts);
  /// As the last open() that succeeded; ends the worker that there is. `precondition`.
  [[nodiscard]] Opened reopen(const Surroundings& around);
  void forget();

  [[nodiscard]] std::optional<WorkerProcess>& worker() noexcept { return worker_; }

 private:
  [[nodiscard]] Result<void> end_worker();
  [[nodiscard]] Opened start(const Surroundings& around, const pkcs11::TokenConfig& config,
                             const SecureBytes& pin);
  [[nodiscard]] Result<void> log_in(const Surroundings& around, const pkcs11::TokenConfig& config,
                                    const SecureBytes& pin, pkcs11::LoginOutcome& outcome);
  [[nodiscard]] Result<void> settle(pkcs11::LoginOutcome outcome, bool was_unfinished);

  pkcs11::TokenConfig config_;
  SecureBytes pin_;
  std::optional<PinAttempts> attempts_;
  std::optional<WorkerProcess> worker_;
};

/// One message to a fresh worker, and its answer's body; says hello first. Gives up when the daemon
/// does. `unavailable`: it died, or wasn't done by the deadline; then `outcome` is unknown.
[[nodiscard]] Result<Bytes> ask_worker(const Surroundings& around, WorkerProcess& worker,
                                       const pkcs11::Message& message, pkcs11::Instant deadline,
                                       pkcs11::LoginOutcome& outcome);

}  // namespace coffer::token_process
