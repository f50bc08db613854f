#include "token_condition.h"

#include <fmt/core.h>

namespace coffer::pkcs11 {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

/// The text for people, with the module's own word for it.
std::string told(const Error& error) {
  const std::string name = ckr_name(error.cause);
  return name.empty() ? error.text : fmt::format("{} ({})", error.text, name);
}

std::string told(PinTries left) {
  switch (left) {
    case PinTries::plenty: break;
    case PinTries::few: return "wrong PINs were tried on it (CKF_USER_PIN_COUNT_LOW)";
    case PinTries::one_left: return "one PIN try is left on it (CKF_USER_PIN_FINAL_TRY)";
    case PinTries::locked: return "its PIN is locked (CKF_USER_PIN_LOCKED)";
  }
  return {};
}

}  // namespace

std::string ckr_name(std::string_view cause) {
  constexpr std::string_view kNamed = "CKR_";
  constexpr std::string_view kNumber = "CK_RV ";
  const auto word_from = [cause](std::size_t at, std::size_t skip) {
    const std::size_t end = cause.find_first_not_of(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_", at + skip);
    return std::string(cause.substr(at, end == std::string_view::npos ? end : end - at));
  };
  if (const auto at = cause.find(kNamed); at != std::string_view::npos) return word_from(at, 0);
  if (const auto at = cause.find(kNumber); at != std::string_view::npos) {
    return word_from(at, kNumber.size());
  }
  return {};
}

std::string_view to_string(TokenState state) noexcept {
  switch (state) {
    case TokenState::up: return "up";
    case TokenState::degraded: return "degraded";
    case TokenState::down: return "down";
  }
  return "down";
}

TokenKeeper::Condition::Condition(const Clock& clock, const KeeperOptions& options)
    : clock_(clock), options_(options), up_since_(now()) {}

void TokenKeeper::Condition::remember(const Error& error) {
  const Moment moment = now();
  const bool apart = !fault_since_ || moment.boot - last_fault_.boot >= options_.recent;
  if (apart) fault_since_ = moment;
  last_fault_ = moment;
  fault_ = told(error);
  // A failure that the module didn't name mustn't be taken for an older one's.
  last_error_ = ckr_name(error.cause);
}

nanoseconds TokenKeeper::Condition::longer(nanoseconds pause) const {
  return std::clamp(pause * 2, nanoseconds(options_.first_pause),
                    nanoseconds(options_.longest_pause));
}

void TokenKeeper::Condition::failed(const Error& error) { remember(error); }

void TokenKeeper::Condition::works(nanoseconds took) {
  took_ = took;
  if (took <= options_.slow) {
    slow_since_.reset();
  } else if (!slow_since_) {
    slow_since_ = now();
  }
}

void TokenKeeper::Condition::fell(const Error& error) {
  remember(error);
  reason_ = told(error);
  if (down_) return;
  down_ = true;
  down_since_ = now();
  slow_since_.reset();
  // A token that falls as soon as it is up is not to be opened in a tight loop.
  const bool lasted = down_since_.boot - up_since_.boot >= 2 * options_.longest_pause;
  pause_ = lasted || reopenings_ == 0 ? nanoseconds{} : longer(pause_);
  next_attempt_ = down_since_.boot + pause_;
}

void TokenKeeper::Condition::attempt_failed(const Error& error) {
  remember(error);
  reason_ = told(error);
  pause_ = longer(pause_);
  next_attempt_ = clock_.boottime() + pause_;
}

void TokenKeeper::Condition::end(const Error& error, std::string_view what) {
  fell(error);
  ended_ = true;
  reason_ = fmt::format("{}: {}", what, error.text);
}

void TokenKeeper::Condition::reopened() {
  down_ = false;
  up_since_ = now();
  ++reopenings_;
  // What it was away for counts as its latest failure: it has only just shown that it works.
  last_fault_ = up_since_;
}

void TokenKeeper::Condition::pin_tries(PinTries left) {
  if (left == pin_tries_) return;
  pin_tries_ = left;
  pin_tries_since_ = clock_.wall();
}

nanoseconds TokenKeeper::Condition::pause_left() const {
  return std::max(next_attempt_ - clock_.boottime(), nanoseconds{});
}

TokenHealth TokenKeeper::Condition::health() const {
  TokenHealth health{.reopenings = reopenings_, .last_error = last_error_};
  if (down_) {
    health.state = TokenState::down;
    health.reason = reason_;
    health.since = down_since_.wall;
    health.trying = !ended_;
    return health;
  }
  if (slow_since_) {
    health.state = TokenState::degraded;
    health.reason =
        fmt::format("slow: the canary took {} ms", duration_cast<milliseconds>(took_).count());
    health.since = slow_since_->wall;
    return health;
  }
  const nanoseconds calm = clock_.boottime() - last_fault_.boot;
  if (fault_since_ && calm < options_.recent) {
    health.state = TokenState::degraded;
    health.reason = "works again after a failure: " + fault_;
    health.since = std::max(fault_since_->wall, up_since_.wall);
    return health;
  }
  // It works for who is logged in; the next opening may find it shut.
  if (pin_tries_ != PinTries::plenty) {
    health.state = TokenState::degraded;
    health.reason = told(pin_tries_);
    health.since = pin_tries_since_;
    return health;
  }
  health.since = fault_since_ ? last_fault_.wall + options_.recent : up_since_.wall;
  return health;
}

Error TokenKeeper::Condition::away() const {
  return make_error(ErrorCode::unavailable, "the token is down: " + reason_);
}

}  // namespace coffer::pkcs11
