// What callers see: the token as it is now, or a refusal at once.
#include "coffer/pkcs11/token_keeper.h"

#include "token_condition.h"

namespace coffer::pkcs11 {
namespace {

/// What a token that works says of a request that is wrong; anything else may be the token's fault.
bool is_of_the_request(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_argument:
    case ErrorCode::too_large:
    case ErrorCode::conflict:
    case ErrorCode::not_found:
    case ErrorCode::precondition:
    case ErrorCode::unsupported:
    case ErrorCode::corrupt: return true;  // P11Token has asked a canary of its own
    case ErrorCode::unauthenticated:
    case ErrorCode::permission_denied:
    case ErrorCode::resource_exhausted:
    case ErrorCode::limit_reached:
    case ErrorCode::sealed:
    case ErrorCode::unavailable:
    case ErrorCode::internal: break;
  }
  return false;
}

}  // namespace

Result<std::unique_ptr<TokenKeeper>> TokenKeeper::make(TokenSource& source,
                                                       std::unique_ptr<Token> token,
                                                       const Clock& clock,
                                                       const KeeperOptions& options,
                                                       Threads threads) {
  COFFER_TRY(TokenInfo identity, token->info());
  std::unique_ptr<TokenKeeper> keeper(
      new TokenKeeper(source, std::move(token), std::move(identity), clock, options));
  if (threads == Threads::own) {
    keeper->thread_ = std::thread([raw = keeper.get()] { raw->run(); });
  }
  return keeper;
}

TokenKeeper::TokenKeeper(TokenSource& source, TokenPointer token, TokenInfo identity,
                         const Clock& clock, const KeeperOptions& options)
    : source_(source),
      identity_(std::move(identity)),
      clock_(clock),
      options_(options),
      token_(std::move(token)),
      condition_(std::make_unique<Condition>(clock, options)),
      next_canary_(clock.boottime() + options.canary_every),
      next_verify_(clock.boottime() + options.verify_every) {}

TokenKeeper::~TokenKeeper() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool TokenKeeper::stalled() const noexcept {
  const std::int64_t since = canary_out_since_;
  return since != 0 && clock_.boottime() - std::chrono::nanoseconds(since) > options_.stalled;
}

bool TokenKeeper::alive_within(std::chrono::nanoseconds grace) const noexcept {
  std::int64_t since = down_since_;
  if (since == 0 && stalled()) since = canary_out_since_;
  return since == 0 || clock_.boottime() - std::chrono::nanoseconds(since) < grace;
}

TokenHealth TokenKeeper::health() const {
  const MutexLock lock(mutex_);
  TokenHealth health = condition_->health();
  if (canary_ != nullptr) health.wrap = canary_->algorithm;
  if (health.state == TokenState::down || !stalled()) return health;
  const auto out = clock_.boottime() - std::chrono::nanoseconds(canary_out_since_);
  health.state = TokenState::down;
  health.reason = "the token doesn't answer";
  health.since = clock_.wall() - out;
  return health;
}

TokenKeeper::Lease::~Lease() {
  if (keeper_ == nullptr) return;
  // Before the keeper hears that there is room: it may be waiting for this token to be let go.
  token_.reset();
  keeper_->leave();
}

Result<void> TokenKeeper::wait_for_room() {
  const auto start = std::chrono::steady_clock::now();
  const auto deadline = start + options_.patience;
  if (inside_ == 0) last_left_ = start;
  while (inside_ >= options_.most_inside) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline || now - last_left_ >= options_.patience) {
      return make_error(ErrorCode::unavailable,
                        "the token is slow to answer: too many wait for it");
    }
    room_.wait_for(mutex_, deadline - now);
  }
  return {};
}

void TokenKeeper::leave() {
  {
    const MutexLock lock(mutex_);
    --inside_;
    last_left_ = std::chrono::steady_clock::now();
  }
  room_.notify_one();
}

Result<TokenKeeper::Lease> TokenKeeper::lease() {
  const MutexLock lock(mutex_);
  if (token_ != nullptr && !stalled()) COFFER_CHECK(wait_for_room());
  if (token_ == nullptr) return condition_->away();
  // Whoever came before waits for the call's deadline; nobody more joins them.
  if (stalled()) {
    return make_error(ErrorCode::unavailable, "the token is down: the token doesn't answer");
  }
  ++inside_;
  return Lease(*this, token_);
}

/// A failure that may be the token's: the canary will tell, and the caller can come back.
Error TokenKeeper::judge(const TokenPointer& token, Error error) {
  if (is_of_the_request(error.code)) return error;
  const bool no_session =
      error.code == ErrorCode::resource_exhausted && ckr_name(error.cause).empty();
  if (no_session) return error;  // all in use: a token with much to do, not one that fails
  // Of a PIN only at an opening: from here it would tell the client that he may not do this.
  if (error.code == ErrorCode::permission_denied) error.code = ErrorCode::unavailable;
  {
    const MutexLock lock(mutex_);
    // What died with an older token says nothing of this one.
    if (token_ != token) return error;
    condition_->failed(error);
    suspected_ = true;
  }
  wake_.notify_one();
  return error;
}

template <typename Operation>
auto TokenKeeper::with_token(Operation operation) -> decltype(operation(std::declval<Token&>())) {
  COFFER_TRY(const Lease inside, lease());
  auto result = operation(*inside.token());
  if (!result.ok()) return judge(inside.token(), std::move(result).error());
  successes_.fetch_add(1, std::memory_order_relaxed);
  return result;
}

template <typename Operation>
auto TokenKeeper::with_key(KeyRole role, const KeyRef& key, Operation operation)
    -> decltype(operation(std::declval<Token&>())) {
  return with_token([&](Token& token) -> decltype(operation(token)) {
    auto result = operation(token);
    if (result.ok() || result.error().code != ErrorCode::not_found) return result;
    const MutexLock lock(mutex_);
    if (!known_.contains(Key(role, key.id))) return result;
    return make_error(ErrorCode::unavailable, "a key that was on the token isn't found",
                      to_hex(key.id));
  });
}

void TokenKeeper::note_known(KeyRole role, const KeyRef& key) {
  const MutexLock lock(mutex_);
  known_.emplace(role, key.id);
}

Result<TokenInfo> TokenKeeper::info() {
  return with_token([](Token& token) { return token.info(); });
}

Result<void> TokenKeeper::generate(KeyRole role, const KeyRef& key, std::string_view label) {
  COFFER_CHECK(with_token([&](Token& token) { return token.generate(role, key, label); }));
  note_known(role, key);
  return {};
}

Result<void> TokenKeeper::verify(KeyRole role, const KeyRef& key) {
  COFFER_CHECK(with_key(role, key, [&](Token& token) { return token.verify(role, key); }));
  note_known(role, key);
  return {};
}

Result<std::vector<KeyAttribute>> TokenKeeper::attributes(KeyRole role, const KeyRef& key) {
  return with_key(role, key, [&](Token& token) { return token.attributes(role, key); });
}

Result<ListedKeys> TokenKeeper::list_keys() {
  return with_token([](Token& token) { return token.list_keys(); });
}

Result<void> TokenKeeper::destroy(KeyRole role, const KeyRef& key) {
  COFFER_CHECK(with_key(role, key, [&](Token& token) { return token.destroy(role, key); }));
  const MutexLock lock(mutex_);
  known_.erase(Key(role, key.id));
  const auto is_gone = [&](const Watched& each) {
    return each.role == role && each.key.id == key.id;
  };
  std::erase_if(watched_, is_gone);
  // Until other keys are watched the canary is info().
  if (role == KeyRole::kek && canary_ != nullptr && canary_->kek.id == key.id) canary_ = nullptr;
  return {};
}

Result<KekInfo> TokenKeeper::describe_kek(const KeyRef& kek) {
  return with_key(KeyRole::kek, kek, [&](Token& token) { return token.describe_kek(kek); });
}

Result<Bytes> TokenKeeper::wrap(const KeyRef& kek, const SecureBytes& data_key, ByteView aad) {
  return with_key(KeyRole::kek, kek, [&](Token& token) { return token.wrap(kek, data_key, aad); });
}

Result<SecureBytes> TokenKeeper::unwrap(const KeyRef& kek, ByteView wrapped, ByteView aad) {
  return with_key(KeyRole::kek, kek, [&](Token& token) { return token.unwrap(kek, wrapped, aad); });
}

Result<Bytes> TokenKeeper::sign_digest(const KeyRef& key, const crypto::Sha256& digest) {
  return with_key(KeyRole::sign, key, [&](Token& token) { return token.sign_digest(key, digest); });
}

Result<Bytes> TokenKeeper::public_key(const KeyRef& key) {
  return with_key(KeyRole::sign, key, [&](Token& token) { return token.public_key(key); });
}

Result<SecureBytes> TokenKeeper::random(std::size_t size) {
  return with_token([size](Token& token) { return token.random(size); });
}

void TokenKeeper::note_data(std::string_view label) {
  const MutexLock lock(mutex_);
  known_data_.emplace(label);
}

Result<std::optional<Bytes>> TokenKeeper::read_data(std::string_view label) {
  const auto read = [&](Token& token) -> Result<std::optional<Bytes>> {
    COFFER_TRY(std::optional<Bytes> value, token.read_data(label));
    if (value) return value;
    const MutexLock lock(mutex_);
    if (!known_data_.contains(label)) return value;
    return make_error(ErrorCode::unavailable, "a data object that was on the token isn't found",
                      std::string(label));
  };
  COFFER_TRY(std::optional<Bytes> value, with_token(read));
  if (value) note_data(label);
  return value;
}

Result<void> TokenKeeper::write_data(std::string_view label, ByteView value) {
  COFFER_CHECK(with_token([&](Token& token) { return token.write_data(label, value); }));
  note_data(label);
  return {};
}

}  // namespace coffer::pkcs11
