#include "p11_token.h"

#include <algorithm>
#include <optional>

#include "aes_gcm.h"
#include "coffer/pkcs11/wrap.h"
#include "inspect.h"
#include "kek.h"
#include "list_keys.h"
#include "objects.h"
#include "sign.h"
#include "slots.h"
#include "sync.h"

namespace coffer::pkcs11 {
namespace {

Result<void> check_id(const KeyRef& key) {
  if (key.id.empty()) return make_error(ErrorCode::invalid_argument, "a key id can't be empty");
  return {};
}

/// Beside the pool's: the keeper, and the read-write one of generate().
constexpr CK_ULONG kOtherSessions = 2;

std::size_t session_limit(const CK_TOKEN_INFO& info, std::size_t wanted) {
  const CK_ULONG most = info.ulMaxSessionCount;
  if (most == CK_EFFECTIVELY_INFINITE || most == CK_UNAVAILABLE_INFORMATION) return wanted;
  return std::min<std::size_t>(wanted, most > kOtherSessions ? most - kOtherSessions : 1);
}

}  // namespace

P11Token::P11Token(Connection connection, const TokenConfig& config)
    : connection_(std::move(connection)),
      serial_(describe_token(connection_.info).serial),
      sync_directory_(config.sync_directory),
      profile_(connection_.profile),
      pool_(*connection_.module, connection_.slot,
            session_limit(connection_.info, config.max_sessions), config.session_wait) {}

Result<TokenInfo> P11Token::info() {
  if (!connection_.module->usable()) {
    return make_error(ErrorCode::unavailable, "the token isn't open in this process");
  }
  COFFER_TRY(const CK_TOKEN_INFO raw, read_token_info(*connection_.module, connection_.slot));
  TokenInfo now = describe_token(raw);
  // Another token in the same slot is not ours, whatever its label.
  if (now.serial != serial_) {
    return make_error(ErrorCode::unavailable, "another token is in the place of ours");
  }
  now.profile = profile_.name;
  return now;
}

Result<void> P11Token::check_login() {
  COFFER_TRY(SessionPool::Lease lease, pool_.lease());
  CK_SESSION_INFO state{};
  COFFER_CHECK(
      lease.session().call("C_GetSessionInfo", &CK_FUNCTION_LIST::C_GetSessionInfo, &state));
  if (state.state == CKS_RO_USER_FUNCTIONS || state.state == CKS_RW_USER_FUNCTIONS) return {};
  return make_error(ErrorCode::unavailable, "the token has lost its login",
                    "C_GetSessionInfo: not a user's session");
}

Error P11Token::explain_absence(KeyRole role, const KeyRef& key, Error not_found) {
  // A pulled SoftHSM finds nothing and says CKR_OK, also after it is back; only C_GetTokenInfo
  // fails.
  if (auto there = info(); !there.ok()) return std::move(there).error();
  if (auto login = check_login(); !login.ok()) return std::move(login).error();
  if (cache_.was_known(role, key.id)) {
    return make_error(ErrorCode::unavailable,
                      "a key that was on the token isn't found: open the token again",
                      to_hex(key.id));
  }
  return not_found;
}

Result<P11Token::KeyPointer> P11Token::look_up(KeyRole role, const KeyRef& key) {
  for (bool again = true;; again = false) {
    const std::uint64_t epoch = cache_.epoch();
    std::optional<Result<KeyPointer>> found;
    CK_RV failure = CKR_OK;
    {
      COFFER_TRY(SessionPool::Lease lease, pool_.lease());
      found = inspect(lease.session(), role, key, profile_);
      failure = lease.session().failure();
    }
    if (found->ok()) {
      cache_.enter(role, key.id, **found, epoch);
      return *std::move(found);
    }
    if (again && is_dead_session(failure)) {
      pool_.drop_idle();
      continue;
    }
    Error error = std::move(*found).error();
    if (error.code == ErrorCode::not_found) return explain_absence(role, key, std::move(error));
    return error;
  }
}

Result<P11Token::KeyPointer> P11Token::find_key(KeyRole role, const KeyRef& key) {
  COFFER_CHECK(check_id(key));
  if (KeyPointer cached = cache_.find(role, key.id)) return cached;
  return look_up(role, key);
}

template <typename Operation>
auto P11Token::with_key(KeyRole role, const KeyRef& key, Operation operation)
    -> decltype(operation(std::declval<Session&>(), std::declval<const Key&>())) {
  for (bool again = true;; again = false) {
    COFFER_TRY(const KeyPointer found, find_key(role, key));
    COFFER_TRY(SessionPool::Lease lease, pool_.lease());
    auto result = operation(lease.session(), *found);
    const CK_RV failure = lease.session().failure();
    if (result.ok() || !again) return result;
    if (!is_dead_session(failure) && !is_stale_handle(failure)) return result;
    // What died with one session died with all: after a reset, handles may even mean other keys.
    cache_.forget_all();
    pool_.drop_idle();
  }
}

Result<void> P11Token::verify(KeyRole role, const KeyRef& key) {
  COFFER_CHECK(check_id(key));
  cache_.forget(role, key.id);
  COFFER_CHECK(look_up(role, key));
  return {};
}

Result<std::vector<KeyAttribute>> P11Token::attributes(KeyRole role, const KeyRef& key) {
  COFFER_CHECK(check_id(key));
  for (bool again = true;; again = false) {
    COFFER_TRY(SessionPool::Lease lease, pool_.lease());
    auto read = read_attributes(lease.session(), role, key, profile_);
    if (read.ok()) return read;
    if (read.error().code == ErrorCode::not_found) break;
    if (!again || !is_dead_session(lease.session().failure())) return read;
    pool_.drop_idle();
  }
  return explain_absence(role, key, make_error(ErrorCode::not_found, "no such key on the token"));
}

/// A pulled SoftHSM finds nothing and says CKR_OK.
Result<ListedKeys> P11Token::list_keys() {
  for (bool again = true;; again = false) {
    {
      COFFER_TRY(SessionPool::Lease lease, pool_.lease());
      auto listed = list_key_objects(lease.session());
      if (listed.ok() && !listed->keys.empty()) return listed;
      if (listed.ok()) break;
      if (!again || !is_dead_session(lease.session().failure())) return listed;
    }
    pool_.drop_idle();
  }
  COFFER_CHECK(info());
  COFFER_CHECK(check_login());
  return ListedKeys{};
}

Result<KekInfo> P11Token::describe_kek(const KeyRef& kek) {
  COFFER_TRY(const KeyPointer found, find_key(KeyRole::kek, kek));
  return KekInfo{.algorithm = std::string(found->algorithm), .public_key = found->public_key};
}

Result<Bytes> P11Token::wrap(const KeyRef& kek, const SecureBytes& data_key, ByteView aad) {
  COFFER_CHECK(check_wrap_input(data_key.size(), aad));
  COFFER_TRY(const KeyPointer found, find_key(KeyRole::kek, kek));
  if (wraps_on_host(*found)) {
    return wrap_on_host({std::string(found->algorithm), found->public_key}, data_key, aad);
  }
  return with_key(KeyRole::kek, kek, [&](Session& session, const Key& key) {
    return kek_wrap(session, key, data_key, aad);
  });
}

Result<SecureBytes> P11Token::unwrap(const KeyRef& kek, ByteView wrapped, ByteView aad) {
  COFFER_CHECK(check_unwrap_input(wrapped.size(), aad));
  COFFER_TRY(const KeyPointer found, find_key(KeyRole::kek, kek));
  COFFER_CHECK(check_kek_unwrap(*found, wrapped.size()));
  bool ambiguous = false;
  const auto open = [&](Session& session, const Key& key) {
    Result<SecureBytes> plain = kek_unwrap(session, key, wrapped, aad);
    ambiguous = is_ambiguous_decrypt(session.failure());
    return plain;
  };
  Result<SecureBytes> opened = with_key(KeyRole::kek, kek, open);
  if (opened.ok() || !ambiguous) return opened;
  // Tampered, or the token is failing? A blob that did open tells them apart; and once the token is
  // known to work, the second answer is about the blob, not about a moment of weakness.
  COFFER_CHECK(with_key(KeyRole::kek, kek, check_canary));
  opened = with_key(KeyRole::kek, kek, open);
  if (opened.ok() || !ambiguous) return opened;
  return make_error(ErrorCode::corrupt, "a wrapped key doesn't open", opened.error().cause);
}

Result<Bytes> P11Token::sign_digest(const KeyRef& key, const crypto::Sha256& digest) {
  return with_key(KeyRole::sign, key, [&](Session& session, const Key& found) {
    return key_sign(session, found, digest);
  });
}

Result<Bytes> P11Token::public_key(const KeyRef& key) {
  COFFER_TRY(const KeyPointer found, find_key(KeyRole::sign, key));
  return found->public_key;
}

Result<SecureBytes> P11Token::random(std::size_t size) {
  if (size > kMaxRandomSize) {
    return make_error(ErrorCode::too_large, "too many random bytes asked of a token");
  }
  COFFER_TRY(SecureBytes bytes, SecureBytes::allocate(size));
  if (size == 0) return bytes;
  for (bool again = true;; again = false) {
    COFFER_TRY(SessionPool::Lease lease, pool_.lease());
    const MutableByteView out = bytes.expose_mutable(Reveal{"the token draws random bytes"});
    auto drawn = lease.session().call("C_GenerateRandom", &CK_FUNCTION_LIST::C_GenerateRandom,
                                      out.data(), CK_ULONG{out.size()});
    if (drawn.ok()) {
      // openCryptoki leaves the buffer as it was in a forked child.
      const auto zero = [](std::uint8_t byte) { return byte == 0; };
      if (size < 16 || !std::all_of(out.begin(), out.end(), zero)) return bytes;
      lease.session().distrust();
      return make_error(ErrorCode::unavailable, "the token's random bytes are all zero");
    }
    if (!again || !is_dead_session(lease.session().failure())) return std::move(drawn).error();
    pool_.drop_idle();
  }
}

}  // namespace coffer::pkcs11
