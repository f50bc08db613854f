#include "fakes/soft_crypto.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/sha.h>

#include <algorithm>
#include <memory>

namespace coffer::fakes {
namespace {

constexpr std::size_t kIv = 12;
constexpr std::size_t kTag = 16;
// SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING of 65 bytes } (RFC 5480).
constexpr std::array<std::uint8_t, 26> kSpkiHead = {
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};

template <auto free>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    free(object);
  }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, Free<EVP_CIPHER_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Free<BN_clear_free>>;
using Scratch = std::unique_ptr<BN_CTX, Free<BN_CTX_free>>;
using Group = std::unique_ptr<EC_GROUP, Free<EC_GROUP_free>>;
using Point = std::unique_ptr<EC_POINT, Free<EC_POINT_free>>;

Error broken(std::string_view what) { return make_error(ErrorCode::internal, what); }

int length(ByteView bytes) { return static_cast<int>(bytes.size()); }

Number number(ByteView bytes) { return Number(BN_bin2bn(bytes.data(), length(bytes), nullptr)); }

struct Curve {
  Group group{EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)};
  Scratch scratch{BN_CTX_new()};
  [[nodiscard]] const BIGNUM* order() const { return EC_GROUP_get0_order(group.get()); }
  [[nodiscard]] Point times_base(const BIGNUM* scalar) const {
    Point point(EC_POINT_new(group.get()));
    if (EC_POINT_mul(group.get(), point.get(), scalar, nullptr, nullptr, scratch.get()) != 1) {
      return nullptr;
    }
    return point;
  }
};

}  // namespace

Block32 soft_sha256(ByteView data) {
  Block32 digest{};
  SHA256(data.data(), data.size(), digest.data());
  return digest;
}

Result<Bytes> soft_gcm_seal(const Block32& key, ByteView iv, ByteView aad, ByteView plaintext) {
  const Cipher cipher(EVP_CIPHER_CTX_new());
  Bytes sealed(kIv + plaintext.size() + kTag);
  std::copy(iv.begin(), iv.end(), sealed.begin());
  std::uint8_t* const body = sealed.data() + kIv;
  int written = 0;
  if (EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), iv.data()) != 1 ||
      EVP_EncryptUpdate(cipher.get(), nullptr, &written, aad.data(), length(aad)) != 1 ||
      EVP_EncryptUpdate(cipher.get(), body, &written, plaintext.data(), length(plaintext)) != 1 ||
      EVP_EncryptFinal_ex(cipher.get(), body + written, &written) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTag, body + plaintext.size()) != 1) {
    return broken("fake token can't encrypt");
  }
  return sealed;
}

Result<SecureBytes> soft_gcm_open(const Block32& key, ByteView aad, ByteView sealed) {
  const Error corrupt = make_error(ErrorCode::corrupt, "the wrapped key doesn't open");
  if (sealed.size() <= kIv + kTag) return corrupt;
  const ByteView body = sealed.subspan(kIv, sealed.size() - kIv - kTag);
  Bytes tag = to_bytes(sealed.last(kTag));
  COFFER_TRY(SecureBytes plaintext, SecureBytes::allocate(body.size()));
  std::uint8_t* const out = plaintext.expose_mutable(Reveal{"fake token unwraps"}).data();
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int written = 0;
  if (EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), sealed.data()) !=
          1 ||
      EVP_DecryptUpdate(cipher.get(), nullptr, &written, aad.data(), length(aad)) != 1 ||
      EVP_DecryptUpdate(cipher.get(), out, &written, body.data(), length(body)) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTag, tag.data()) != 1) {
    return broken("fake token can't decrypt");
  }
  if (EVP_DecryptFinal_ex(cipher.get(), out + written, &written) != 1) return corrupt;
  return plaintext;
}

bool soft_p256_valid(const Block32& scalar) {
  const Curve curve;
  const Number d = number(scalar);
  return !BN_is_zero(d.get()) && BN_cmp(d.get(), curve.order()) < 0;
}

Result<Bytes> soft_p256_public(const Block32& scalar) {
  const Curve curve;
  const Point point = curve.times_base(number(scalar).get());
  if (!point) return broken("fake token can't make a public key");
  Bytes spki(kSpkiHead.begin(), kSpkiHead.end());
  spki.resize(kSpkiHead.size() + 65);
  if (EC_POINT_point2oct(curve.group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED,
                         spki.data() + kSpkiHead.size(), 65, curve.scratch.get()) != 65) {
    return broken("fake token can't encode a public key");
  }
  return spki;
}

// FIPS 186-5 section 6.4.1, with a nonce that is a hash of key and digest, in the spirit of RFC
// 6979 (not its exact construction: nothing here is kept secret).
Result<Bytes> soft_p256_sign(const Block32& scalar, ByteView message) {
  return soft_p256_sign_digest(scalar, soft_sha256(message));
}

Result<Bytes> soft_p256_sign_digest(const Block32& scalar, const Block32& digest) {
  const Curve curve;
  Bytes seed = to_bytes(scalar);
  seed.insert(seed.end(), digest.begin(), digest.end());
  Block32 nonce = soft_sha256(seed);
  while (!soft_p256_valid(nonce)) nonce = soft_sha256(nonce);

  const Number d = number(scalar);
  const Number k = number(nonce);
  const Number z = number(digest);
  const Number r(BN_new());
  const Number s(BN_new());
  const Point point = curve.times_base(k.get());
  BN_CTX* const scratch = curve.scratch.get();
  const BIGNUM* const order = curve.order();
  Bytes signature(64);
  if (!point ||
      EC_POINT_get_affine_coordinates(curve.group.get(), point.get(), r.get(), nullptr, scratch) !=
          1 ||
      BN_nnmod(r.get(), r.get(), order, scratch) != 1 ||
      BN_mod_mul(s.get(), r.get(), d.get(), order, scratch) != 1 ||
      BN_mod_add(s.get(), s.get(), z.get(), order, scratch) != 1 ||
      BN_mod_inverse(k.get(), k.get(), order, scratch) == nullptr ||
      BN_mod_mul(s.get(), s.get(), k.get(), order, scratch) != 1 ||
      BN_bn2binpad(r.get(), signature.data(), 32) != 32 ||
      BN_bn2binpad(s.get(), signature.data() + 32, 32) != 32) {
    return broken("fake token can't sign");
  }
  return signature;
}

}  // namespace coffer::fakes
