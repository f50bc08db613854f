#include "kek.h"

#include "aes_gcm.h"
#include "coffer/pkcs11/wrap.h"
#include "rsa_oaep.h"

namespace coffer::pkcs11 {
namespace {

constexpr std::size_t kLeastModulus = crypto::kRsaLeastBits / 8;
constexpr std::size_t kMostModulus = crypto::kRsaMostBits / 8;

}  // namespace

bool wraps_on_host(const Key& kek) noexcept { return kek.kind == KeyKind::kek_rsa; }

Result<Bytes> kek_wrap(Session& session, const Key& kek, const SecureBytes& data_key,
                       ByteView aad) {
  if (!wraps_on_host(kek)) return gcm_wrap(session, kek, data_key, aad);
  COFFER_TRY(const crypto::OaepHash hash, oaep_hash(kek.algorithm));
  return oaep_wrap(kek.public_key, hash, data_key, aad);
}

Result<void> check_kek_unwrap(const Key& kek, std::size_t size) {
  if (!wraps_on_host(kek)) return check_gcm_size(size);
  if (size == kek.modulus_size) return {};
  return make_error(ErrorCode::corrupt, "a wrapped key has a length that no wrap has");
}

Result<SecureBytes> kek_unwrap(Session& session, const Key& kek, ByteView wrapped, ByteView aad) {
  if (!wraps_on_host(kek)) return gcm_unwrap(session, kek, wrapped, aad);
  COFFER_TRY(const crypto::OaepHash hash, oaep_hash(kek.algorithm));
  return oaep_unwrap(session, kek.handle, hash, wrapped, aad);
}

Result<Bytes> wrap_on_host(const KekInfo& kek, const SecureBytes& data_key, ByteView aad) {
  if (kek.public_key.empty()) {
    return make_error(ErrorCode::invalid_argument,
                      "a kek without a public half wraps on its token");
  }
  COFFER_CHECK(check_wrap_input(data_key.size(), aad));
  COFFER_TRY(const crypto::OaepHash hash, oaep_hash(kek.algorithm));
  return oaep_wrap(kek.public_key, hash, data_key, aad);
}

std::size_t max_wrap_size(const KekInfo& kek) {
  if (kek.algorithm == kWrapAesGcm) return kMaxWrapSize;
  const auto hash = oaep_hash(kek.algorithm);
  const auto modulus = crypto::rsa_modulus_size(kek.public_key);
  if (!hash.ok() || !modulus.ok()) return 0;
  return crypto::rsa_oaep_capacity(*modulus, *hash) - kContextHashSize;
}

bool is_wrapped_size(std::string_view algorithm, std::size_t data_key,
                     std::size_t wrapped) noexcept {
  if (algorithm == kWrapAesGcm) return wrapped == kIvSize + data_key + kTagSize;
  if (algorithm != kWrapRsaOaepSha256 && algorithm != kWrapRsaOaepSha1) return false;
  const auto hash =
      algorithm == kWrapRsaOaepSha1 ? crypto::OaepHash::sha1 : crypto::OaepHash::sha256;
  return wrapped >= kLeastModulus && wrapped <= kMostModulus &&
         kContextHashSize + data_key <= crypto::rsa_oaep_capacity(wrapped, hash);
}

}  // namespace coffer::pkcs11
