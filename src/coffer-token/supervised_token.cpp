#include "supervised_token.h"

#include <algorithm>

namespace coffer::token_process {
namespace {

using pkcs11::LoginOutcome;
using pkcs11::TokenConfig;
using Verdict = PinAttempts::Verdict;

constexpr std::chrono::milliseconds kLeastPatience{10000};

Error refused_before() {
  return make_error(ErrorCode::permission_denied,
                    "this PIN was refused by this token before and isn't tried again",
                    "no C_Login was made: the file pin-attempts says so");
}

/// Of what names the token, which is what an operator wrote: its serial isn't known before.
Result<crypto::Sha256> name_of(const TokenConfig& config) {
  const std::string name = config.module_path + '\0' + config.uri;
  return crypto::sha256(as_bytes(name));
}

}  // namespace

SupervisedToken::Opened SupervisedToken::open(const Surroundings& around,
                                              const pkcs11::Opening& opening,
                                              pkcs11::FileDescriptor attempts) {
  if (attempts.open()) {
    COFFER_TRY(attempts_, PinAttempts::over(std::move(attempts)));
  } else if (!attempts_) {
    COFFER_TRY(attempts_, PinAttempts::in_memory());
  }
  COFFER_TRY(SecureBytes pin, SecureBytes::copy_of(opening.pin));
  COFFER_TRY(pkcs11::PacketSocket socket, start(around, opening.config, pin));
  config_ = opening.config;
  pin_ = std::move(pin);
  return socket;
}

SupervisedToken::Opened SupervisedToken::reopen(const Surroundings& around) {
  if (pin_.empty()) {
    return make_error(ErrorCode::precondition, "there is no PIN to open the token again with");
  }
  Opened opened = start(around, config_, pin_);
  if (!opened.ok() && opened.error().code == ErrorCode::permission_denied) pin_ = {};
  return opened;
}

/// The mark of the PIN in memory is as good as the one on disk; what lets it be made anew isn't.
void SupervisedToken::forget() {
  pin_ = {};
  if (attempts_) attempts_->forget_pin();
}

/// A worker that the kernel won't let go may still hold the token's session, login or lock: a
/// second one beside it would hang too, and so would a third.
Result<void> SupervisedToken::end_worker() {
  if (!worker_) return {};
  if (!worker_->kill()) {
    return make_error(ErrorCode::unavailable,
                      "the token's worker hangs in the kernel and can't be ended (state D)");
  }
  worker_.reset();
  return {};
}

SupervisedToken::Opened SupervisedToken::start(const Surroundings& around,
                                               const TokenConfig& config, const SecureBytes& pin) {
  COFFER_CHECK(end_worker());
  COFFER_TRY(const crypto::Sha256 name, name_of(config));
  COFFER_TRY(const Verdict verdict, attempts_->look_up(name, pin));
  if (verdict == Verdict::refused) return refused_before();
  TokenConfig careful = config;
  // An attempt without an outcome: if the PIN was refused then, the token says now that wrong PINs
  // were tried, and this one isn't tried again.
  const bool unfinished = verdict == Verdict::unfinished;
  if (unfinished) careful.accept_low_pin_count = false;
  if (!unfinished) COFFER_CHECK(attempts_->begin());
  LoginOutcome outcome{};
  Result<void> logged_in = log_in(around, careful, pin, outcome);
  if (logged_in.ok()) {
    COFFER_CHECK(attempts_->clear());
    return std::move(worker_->socket());
  }
  COFFER_CHECK(settle(outcome, unfinished));
  COFFER_CHECK(end_worker());
  return std::move(logged_in).error();
}

Result<void> SupervisedToken::log_in(const Surroundings& around, const TokenConfig& config,
                                     const SecureBytes& pin, LoginOutcome& outcome) {
  outcome = LoginOutcome::not_tried;
  COFFER_TRY(worker_,
             WorkerProcess::start(around.settings.confinement, around.settings.environment));
  const pkcs11::Opening opening{.config = config,
                                .pin = pin.expose(Reveal{"the PIN goes to the worker"})};
  const auto deadline =
      std::chrono::steady_clock::now() +
      std::max<std::chrono::milliseconds>(2 * config.call_deadline, kLeastPatience);
  COFFER_CHECK(ask_worker(around, *worker_, opening, deadline, outcome));
  return {};
}

/// Where the outcome isn't known the record stays as it is.
Result<void> SupervisedToken::settle(LoginOutcome outcome, bool was_unfinished) {
  if (outcome == LoginOutcome::refused) return attempts_->refuse();
  if (outcome == LoginOutcome::not_tried && !was_unfinished) return attempts_->withdraw();
  return {};
}

}  // namespace coffer::token_process
