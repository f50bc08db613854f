// TokenKeeper's thread: the canary, and opening the token again. The only place that does either,
// so both happen once at a time.
#include <fmt/core.h>

#include "coffer/base/log.h"
#include "coffer/crypto/digest.h"
#include "coffer/crypto/random.h"
#include "token_condition.h"

namespace coffer::pkcs11 {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr std::size_t kCanarySize = 32;
constexpr std::string_view kCanaryContext = "coffer keeper canary 1";
/// In a row, while no other call succeeded, before a token without memory counts as broken.
constexpr int kMostExhausted = 3;
/// No fault that opening the token again could cure: it stays down.
constexpr std::string_view kDrift = "a key on the token changed";
constexpr milliseconds kDrainRound{5};
/// When nothing is due.
constexpr std::chrono::hours kLongSleep{1};

Error not_ours(std::string_view cause = {}) {
  return make_error(ErrorCode::unavailable, "another token is in the place of ours", cause);
}

}  // namespace

void TokenKeeper::run() {
  while (true) {
    nanoseconds pause = options_.canary_every;
    try {
      pause = tick();
    } catch (const std::bad_alloc&) {
      log::error("the token's keeper is out of memory");
    }
    const MutexLock lock(mutex_);
    if (stopping_) return;
    if (!suspected_) wake_.wait_for(mutex_, pause);
    if (stopping_) return;
  }
}

nanoseconds TokenKeeper::tick() {
  TokenPointer token;
  {
    const MutexLock lock(mutex_);
    token = token_;
  }
  return token != nullptr ? watch_over(token) : heal();
}

nanoseconds TokenKeeper::watch_over(const TokenPointer& token) {
  bool suspected = false;
  {
    const MutexLock lock(mutex_);
    suspected = std::exchange(suspected_, false);
  }
  if (suspected || clock_.boottime() >= next_canary_) {
    probe(token);
    next_canary_ = clock_.boottime() + options_.canary_every;
  }
  if (clock_.boottime() >= next_verify_) {
    verify_all(*token);
    next_verify_ = clock_.boottime() + options_.verify_every;
  }
  if (clock_.boottime() >= next_pin_tries_) look_at_pin_tries(*token);
  const MutexLock lock(mutex_);
  if (token_ == nullptr) return condition_->pause_left();
  const nanoseconds next = std::min({next_canary_, next_verify_, next_pin_tries_});
  return std::max(next - clock_.boottime(), nanoseconds{});
}

/// Somebody else may try PINs on it at any time. That it doesn't answer is the canary's to find.
void TokenKeeper::look_at_pin_tries(Token& token) {
  next_pin_tries_ = clock_.boottime() + options_.pin_tries_every;
  const Result<TokenInfo> now = token.info();
  if (!now.ok()) return;
  const MutexLock lock(mutex_);
  condition_->pin_tries(now->pin_tries);
}

void TokenKeeper::probe(const TokenPointer& token) {
  const nanoseconds start = clock_.boottime();
  canary_out_since_ = start.count();
  const Result<void> answer = ask_canary(*token);
  canary_out_since_ = 0;
  const bool others_do = std::exchange(successes_seen_, successes_.load()) != successes_;
  if (answer.ok()) {
    exhausted_ = 0;
    const MutexLock lock(mutex_);
    return condition_->works(clock_.boottime() - start);
  }
  if (answer.error().code == ErrorCode::resource_exhausted) {
    exhausted_ = others_do ? 0 : exhausted_ + 1;
    if (exhausted_ < kMostExhausted) return;
  }
  fall(answer.error());
}

Result<void> TokenKeeper::ask_canary(Token& token) {
  std::shared_ptr<const Canary> canary;
  {
    const MutexLock lock(mutex_);
    canary = canary_;
  }
  if (canary == nullptr) {
    COFFER_TRY(const TokenInfo now, token.info());
    return now.serial == identity_.serial ? Result<void>() : not_ours();
  }
  const auto opened = token.unwrap(canary->kek, canary->wrapped, as_bytes(kCanaryContext));
  if (!opened.ok()) {
    if (opened.error().code != ErrorCode::corrupt) return opened.error();
    return make_error(ErrorCode::unavailable, "the token can't open what it wrapped before",
                      opened.error().cause);
  }
  const Reveal why{"the canary is compared with what was wrapped"};
  if (crypto::equal_constant_time(opened->expose(why), canary->plain.expose(why))) return {};
  return make_error(ErrorCode::unavailable, "the token opened something else than it wrapped");
}

/// Design 3: attributes are read back every hour. Only what the token says of a key counts here;
/// that it doesn't answer is the canary's to find.
void TokenKeeper::verify_all(Token& token) {
  const Result<void> checked = check_watched(token);
  if (checked.ok() || checked.error().code != ErrorCode::precondition) return;
  fall(checked.error(), kDrift);
}

Result<void> TokenKeeper::check_watched(Token& token) {
  std::vector<Watched> watched;
  {
    const MutexLock lock(mutex_);
    watched = watched_;
  }
  for (const Watched& each : watched) COFFER_CHECK(token.verify(each.role, each.key));
  return {};
}

void TokenKeeper::fall(const Error& error, std::string_view for_good) {
  const MutexLock lock(mutex_);
  if (for_good.empty()) {
    condition_->fell(error);
  } else {
    condition_->end(error, for_good);
  }
  down_since_ = clock_.boottime().count();
  retired_ = std::move(token_);
  token_ = nullptr;
  suspected_ = false;
  log::error(make_error(error.code, "the token is down: " + condition_->health().reason,
                        error.cause, error.where));
}

/// The module must be free of callers before it is loaded again; a worker with a call that hangs is
/// killed by the reopening itself.
void TokenKeeper::drain() {
  const auto deadline = std::chrono::steady_clock::now() + options_.drain;
  while (retired_ != nullptr && retired_.use_count() > 1 &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kDrainRound);
  }
  retired_.reset();
}

nanoseconds TokenKeeper::heal() {
  if (let_go_) return kLongSleep;
  {
    const MutexLock lock(mutex_);
    if (condition_->ended()) {
      // Nothing is due; what its callers still hold goes when they let go.
    } else if (const nanoseconds left = condition_->pause_left(); left > nanoseconds{}) {
      return left;
    }
  }
  drain();
  {
    const MutexLock lock(mutex_);
    if (condition_->ended()) return kLongSleep;
  }
  Result<TokenPointer> opened = open_again();
  const MutexLock lock(mutex_);
  if (!opened.ok()) {
    const Error& error = opened.error();
    if (error.code == ErrorCode::permission_denied) {
      condition_->end(error, "PIN refused");
    } else if (!condition_->ended()) {
      condition_->attempt_failed(error);
    }
    if (condition_->ended()) log::error("the token stays down: " + condition_->health().reason);
    return condition_->ended() ? nanoseconds(kLongSleep) : condition_->pause_left();
  }
  condition_->reopened();
  token_ = *std::move(opened);
  const nanoseconds now = clock_.boottime();
  log::warn(fmt::format("the token is back after {} ms",
                        (now - nanoseconds(down_since_.load())).count() / 1'000'000));
  down_since_ = 0;
  exhausted_ = 0;
  next_canary_ = now + options_.canary_every;
  next_verify_ = now + options_.verify_every;
  next_pin_tries_ = now;
  return nanoseconds(options_.canary_every);
}

/// A token that isn't ours, or whose keys aren't what they were, is closed again at once.
Result<TokenKeeper::TokenPointer> TokenKeeper::open_again() {
  if (let_go_) return make_error(ErrorCode::unavailable, "the vault was sealed meanwhile");
  auto opened = source_.reopen();
  if (!opened.ok()) {
    // Without a PIN no later attempt can do better.
    if (opened.error().code == ErrorCode::precondition) {
      const MutexLock lock(mutex_);
      condition_->end(opened.error(), "the vault must be unsealed anew");
    }
    return std::move(opened).error();
  }
  const TokenPointer token = *std::move(opened);
  COFFER_TRY(const TokenInfo now, token->info());
  if (now.serial != identity_.serial) return not_ours();
  // Before the canary, which couldn't say which attribute of which key it is.
  const Result<void> checked = check_watched(*token);
  if (!checked.ok() && checked.error().code == ErrorCode::precondition) {
    const MutexLock lock(mutex_);
    condition_->end(checked.error(), kDrift);
  }
  COFFER_CHECK(checked);
  COFFER_CHECK(ask_canary(*token));
  return token;
}

Result<void> TokenKeeper::watch(std::vector<Watched> keys) {
  std::shared_ptr<const Canary> made;
  for (const Watched& each : keys) {
    if (each.role != KeyRole::kek) continue;
    auto canary = std::make_shared<Canary>();
    canary->kek = each.key;
    COFFER_TRY(KekInfo kek, describe_kek(each.key));
    canary->algorithm = std::move(kek.algorithm);
    COFFER_TRY(canary->plain, crypto::random_secret(kCanarySize));
    COFFER_TRY(canary->wrapped, wrap(each.key, canary->plain, as_bytes(kCanaryContext)));
    made = std::move(canary);
    break;
  }
  const MutexLock lock(mutex_);
  for (const Watched& each : keys) known_.emplace(each.role, each.key.id);
  watched_ = std::move(keys);
  canary_ = std::move(made);
  return {};
}

}  // namespace coffer::pkcs11
