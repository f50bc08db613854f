#include "fakes/fake_token.h"

#include <openssl/rand.h>

#include <algorithm>
#include <utility>

#include "coffer/base/codec.h"
#include "coffer/crypto/digest.h"
#include "coffer/pkcs11/data.h"
#include "coffer/pkcs11/wrap.h"
#include "fakes/soft_crypto.h"
#include "fakes/soft_rsa_pool.h"

namespace coffer::fakes {

using pkcs11::KeyRef;
using pkcs11::KeyRole;

namespace {

std::size_t index_of(FakeToken::Method method) { return static_cast<std::size_t>(method); }

Result<void> check_id(const KeyRef& key) {
  if (key.id.empty()) return make_error(ErrorCode::invalid_argument, "a key id can't be empty");
  return {};
}

/// SHA-256(aad) ‖ data key, as pkcs11::wrap_on_host() made it.
Result<SecureBytes> open_oaep(std::size_t rsa, ByteView wrapped, ByteView aad) {
  COFFER_TRY(const Bytes block, soft_oaep_open(soft_rsa_pair(rsa).key, SoftHash::sha256, wrapped));
  COFFER_TRY(const crypto::Sha256 bound, crypto::sha256(aad));
  if (block.size() < bound.size() || !std::equal(bound.begin(), bound.end(), block.begin())) {
    return make_error(ErrorCode::corrupt, "a wrapped key doesn't open");
  }
  return SecureBytes::copy_of(ByteView(block).subspan(bound.size()));
}

}  // namespace

FakeToken::FakeToken(Options options) : options_(std::move(options)) {}

FakeToken::~FakeToken() {
  for (auto& [id, key] : keys_) wipe(key.secret);
}

void FakeToken::fail_nth(Method method, std::size_t n, Error error) {
  const MutexLock lock(mutex_);
  faults_.push_back({method, calls_[index_of(method)] + n, std::move(error)});
}

bool FakeToken::forget_faults() {
  const MutexLock lock(mutex_);
  return !std::exchange(faults_, {}).empty();
}

void FakeToken::pull() {
  const MutexLock lock(mutex_);
  pulled_ = true;
}

void FakeToken::insert() {
  const MutexLock lock(mutex_);
  pulled_ = false;
}

std::size_t FakeToken::calls(Method method) const {
  const MutexLock lock(mutex_);
  return calls_[index_of(method)];
}

void FakeToken::set_fixed_signature(std::optional<Bytes> signature) {
  const MutexLock lock(mutex_);
  fixed_signature_ = std::move(signature);
}

void FakeToken::forget(const KeyRef& key) {
  const MutexLock lock(mutex_);
  keys_.erase(key.id);
}

void FakeToken::forget_data(std::string_view label) {
  const MutexLock lock(mutex_);
  data_.erase(std::string(label));
}

void FakeToken::spoil(const KeyRef& key, std::string_view attribute) {
  const MutexLock lock(mutex_);
  if (const auto found = keys_.find(key.id); found != keys_.end()) found->second.spoilt = attribute;
}

void FakeToken::set_pin_tries(pkcs11::PinTries left) {
  const MutexLock lock(mutex_);
  pin_tries_ = left;
}

void FakeToken::set_so_pin_tries(pkcs11::PinTries left) {
  const MutexLock lock(mutex_);
  so_pin_tries_ = left;
}

std::optional<std::size_t> FakeToken::rsa_of(const KeyRef& kek) const {
  const auto found = keys_.find(kek.id);
  return found == keys_.end() ? std::nullopt : found->second.rsa;
}

Result<void> FakeToken::enter(Method method) {
  const std::size_t call = ++calls_[index_of(method)];
  const auto fault = std::find_if(faults_.begin(), faults_.end(), [&](const Fault& candidate) {
    return candidate.method == method && candidate.at_call == call;
  });
  if (fault != faults_.end()) {
    Error error = std::move(fault->error);
    faults_.erase(fault);
    return error;
  }
  if (pulled_) return make_error(ErrorCode::unavailable, "the token is away", "pulled by the test");
  return {};
}

Result<FakeToken::Secret> FakeToken::find(KeyRole role, const KeyRef& key) const {
  COFFER_CHECK(check_id(key));
  const auto found = keys_.find(key.id);
  if (found == keys_.end() || found->second.role != role) {
    return make_error(ErrorCode::not_found, "no such key on the token");
  }
  if (!found->second.spoilt.empty()) {
    return make_error(ErrorCode::precondition,
                      "the key isn't what its role demands: " + found->second.spoilt);
  }
  return found->second.secret;
}

void FakeToken::fill(MutableByteView out) {
  if (!options_.seed) {
    RAND_bytes(out.data(), static_cast<int>(out.size()));
    return;
  }
  while (!out.empty()) {
    const Block32 block =
        soft_sha256(Writer().text("draw").u64(*options_.seed).u64(drawn_++).view());
    const std::size_t taken = std::min(out.size(), block.size());
    std::copy_n(block.begin(), taken, out.begin());
    out = out.subspan(taken);
  }
}

FakeToken::Secret FakeToken::make_secret(KeyRole role, const KeyRef& key) {
  Secret secret{};
  if (options_.seed) {
    // Not from the stream of fill(): the key of an id is the same whatever was called before.
    secret = soft_sha256(Writer()
                             .text("key")
                             .u64(*options_.seed)
                             .u8(static_cast<std::uint8_t>(role))
                             .blob(key.id)
                             .view());
  } else {
    fill(secret);
  }
  while (role == KeyRole::sign && !soft_p256_valid(secret)) secret = soft_sha256(secret);
  return secret;
}

Result<pkcs11::TokenInfo> FakeToken::info() {
  const MutexLock lock(mutex_);
  COFFER_CHECK(enter(Method::info));
  return pkcs11::TokenInfo{options_.label, "Coffer", "fake", options_.serial, pin_tries_,
                           "fake",         "1.0",    "1.0",  so_pin_tries_};
}

Result<void> FakeToken::generate(KeyRole role, const KeyRef& key, std::string_view label) {
  const MutexLock lock(mutex_);
  COFFER_CHECK(enter(Method::generate));
  COFFER_CHECK(check_id(key));
  if (keys_.contains(key.id)) {
    return make_error(ErrorCode::conflict, "the token already has a key of this id");
  }
  Key made{role, make_secret(role, key), {}, std::string(label), {}};
  if (role == KeyRole::kek && options_.rsa) made.rsa = *options_.rsa + rsa_made_++;
  keys_.emplace(key.id, std::move(made));
  return {};
}

Result<void> FakeToken::verify(KeyRole role, const KeyRef& key) {
  const MutexLock lock(mutex_);
  COFFER_CHECK(enter(Method::verify));
  COFFER_CHECK(find(role, key));
  return {};
}

Result<std::vector<pkcs11::KeyAttribute>> FakeToken::attributes(KeyRole role, const KeyRef& key) {
  const MutexLock lock(mutex_);
  COFFER_CHECK(enter(Method::attributes));
  COFFER_CHECK(check_id(key));
  const auto found = keys_.find(key.id);
  if (found == keys_.end() || found->second.role != role) {
    return make_error(ErrorCode::not_found, "no such key on the token");
  }
  std::vector<pkcs11::KeyAttribute> all = {{"CKA_SENSITIVE", "true"},
                                           {"CKA_EXTRACTABLE", "false"},
                                           {"CKA_LOCAL", "true"},
                                           {"CKA_ALWAYS_SENSITIVE", "true"},
                                           {"CKA_NEVER_EXTRACTABLE", "true"}};
  for (pkcs11::KeyAttribute& one : all) {
    if (found->second.spoilt == one.name) one.value = one.value == "true" ? "false" : "true";
  }
  return all;
}

Result<pkcs11::ListedKeys> FakeToken::list_keys() {
  const MutexLock lock(mutex_);
  COFFER_CHECK(enter(Method::list_keys));
  pkcs11::ListedKeys listed;
  for (const auto& [id, key] : keys_) {
    const bool secret = key.role == KeyRole::kek && !key.rsa;
    listed.keys.push_back({.id = id, .label = key.label, .secret = secret});
  }
  return listed;
}

Result<void> FakeToken::destroy(KeyRole role, const KeyRef& key) {
  const MutexLock lock(mutex_);
  COFFER_CHECK(enter(Method::destroy));
  COFFER_CHECK(check_id(key));
  const auto found = keys_.find(key.id);
  if (found == keys_.end() || found->second.role != role) {
    return make_error(ErrorCode::not_found, "no such key on the token");
  }
  wipe(found->second.secret);
  keys_.erase(found);
  return {};
}

Result<pkcs11::KekInfo> FakeToken::describe_kek(const KeyRef& kek) {
  const MutexLock lock(mutex_);
  COFFER_CHECK(enter(Method::describe_kek));
  COFFER_CHECK(find(KeyRole::kek, kek));
  if (const auto rsa = rsa_of(kek)) {
    return pkcs11::KekInfo{std::string(pkcs11::kWrapRsaOaepSha256), soft_rsa_pair(*rsa).public_key};
  }
  return pkcs11::KekInfo{.algorithm = std::string(pkcs11::kWrapAesGcm)};
}

Result<Bytes> FakeToken::wrap(const KeyRef& kek, const SecureBytes& data_key, ByteView aad) {
  const MutexLock lock(mutex_);
  COFFER_CHECK(enter(Method::wrap));
  if (aad.empty()) return make_error(ErrorCode::invalid_argument, "a wrap needs a context");
  if (data_key.empty()) return make_error(ErrorCode::invalid_argument, "nothing to wrap");
  if (data_key.size() > pkcs11::kMaxWrapSize) {
    return make_error(ErrorCode::too_large, "too much to wrap on a token");
  }
  COFFER_TRY(const Secret secret, find(KeyRole::kek, kek));
  if (const auto rsa = rsa_of(kek)) {
    const auto& pair = soft_rsa_pair(*rsa);
    return pkcs11::wrap_on_host({std::string(pkcs11::kWrapRsaOaepSha256), pair.public_key},
                                data_key, aad);
  }
  std::array<std::uint8_t, 12> iv{};
  fill(iv);
  return soft_gcm_seal(secret, iv, aad, data_key.expose(Reveal{"fake token wraps"}));
}

Result<SecureBytes> FakeToken::unwrap(const KeyRef& kek, ByteView wrapped, ByteView aad) {
  const MutexLock lock(mutex_);
  COFFER_CHECK(enter(Method::unwrap));
  if (aad.empty()) return make_error(ErrorCode::invalid_argument, "an unwrap needs a context");
  COFFER_TRY(const Secret secret, find(KeyRole::kek, kek));
  if (const auto rsa = rsa_of(kek)) return open_oaep(*rsa, wrapped, aad);
  return soft_gcm_open(secret, aad, wrapped);
}

Result<Bytes> FakeToken::sign_digest(const KeyRef& key, const crypto::Sha256& digest) {
  const MutexLock lock(mutex_);
  COFFER_CHECK(enter(Method::sign));
  COFFER_TRY(const Secret secret, find(KeyRole::sign, key));
  if (fixed_signature_) return *fixed_signature_;
  return soft_p256_sign_digest(secret, digest);
}

Result<Bytes> FakeToken::public_key(const KeyRef& key) {
  const MutexLock lock(mutex_);
  COFFER_CHECK(enter(Method::public_key));
  COFFER_TRY(const Secret secret, find(KeyRole::sign, key));
  return soft_p256_public(secret);
}

Result<SecureBytes> FakeToken::random(std::size_t size) {
  const MutexLock lock(mutex_);
  COFFER_CHECK(enter(Method::random));
  if (size > pkcs11::kMaxRandomSize) {
    return make_error(ErrorCode::too_large, "too many random bytes asked of a token");
  }
  COFFER_TRY(SecureBytes bytes, SecureBytes::allocate(size));
  fill(bytes.expose_mutable(Reveal{"fake token draws"}));
  return bytes;
}

Result<std::optional<Bytes>> FakeToken::read_data(std::string_view label) {
  const MutexLock lock(mutex_);
  COFFER_CHECK(enter(Method::read_data));
  COFFER_CHECK(pkcs11::check_data_label(label));
  const auto found = data_.find(label);
  return found == data_.end() ? std::optional<Bytes>() : std::optional<Bytes>(found->second);
}

Result<void> FakeToken::write_data(std::string_view label, ByteView value) {
  const MutexLock lock(mutex_);
  COFFER_CHECK(enter(Method::write_data));
  COFFER_CHECK(pkcs11::check_data(label, value));
  data_.insert_or_assign(std::string(label), to_bytes(value));
  return {};
}

}  // namespace coffer::fakes
