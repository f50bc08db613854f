#include "coffer/crypto/ed25519.h"

#include <openssl/pem.h>

#include <algorithm>
#include <array>

#include "openssl.h"

namespace coffer::crypto {
namespace {

using BioPtr = std::unique_ptr<BIO, Releaser<BIO_free>>;
using KeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, Releaser<EVP_PKEY_CTX_free>>;

/// The y of the eight points of edwards25519 whose order is 8 or less, as RFC 8032 section 5.1.2
/// encodes them but without the sign of x; 0 and 1 also with p = 2^255 - 19 added, which isn't
/// canonical and OpenSSL takes all the same. In the equation of RFC 8032 section 5.1.7 such a key
/// times the hash is nothing for one hash in eight, or more: then whatever is signed with no key at
/// all verifies. OpenSSL 3.0 has no check for them: EVP_PKEY_public_check() looks whether there is
/// a key.
constexpr std::array<std::string_view, 7> kSmallOrder = {
    "0000000000000000000000000000000000000000000000000000000000000000",  // order 4
    "0100000000000000000000000000000000000000000000000000000000000000",  // order 1
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",  // order 8
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",  // order 8
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  // p - 1, order 2
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  // p
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  // p + 1
};

/// Without this OpenSSL asks on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

Result<KeyPtr> parse(const SecureBytes& pem) {
  const ByteView text = pem.expose(Reveal{"a person's private key is parsed"});
  // Of nothing OpenSSL makes no BIO.
  const BioPtr source(text.empty() ? nullptr
                                   : BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  KeyPtr key(source == nullptr
                 ? nullptr
                 : PEM_read_bio_PrivateKey(source.get(), nullptr, no_passphrase, nullptr));
  if (key != nullptr && EVP_PKEY_get_id(key.get()) == EVP_PKEY_ED25519) return key;
  forget_openssl_errors();
  return make_error(ErrorCode::invalid_argument,
                    "not an Ed25519 private key in PEM without a passphrase");
}

Result<SecureBytes> to_pem(EVP_PKEY* key) {
  const BioPtr out(BIO_new(BIO_s_secmem()));
  if (out == nullptr ||
      PEM_write_bio_PKCS8PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return openssl_error("PEM_write_bio_PKCS8PrivateKey");
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  if (size <= 0) return openssl_error("BIO_get_mem_data");
  return SecureBytes::copy_of(as_bytes({data, static_cast<std::size_t>(size)}));
}

}  // namespace

Result<SecureBytes> make_ed25519_pem() {
  const KeyContextPtr context(EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, nullptr));
  EVP_PKEY* made = nullptr;
  if (context == nullptr || EVP_PKEY_keygen_init(context.get()) != 1 ||
      EVP_PKEY_keygen(context.get(), &made) != 1) {
    return openssl_error("EVP_PKEY_keygen");
  }
  const KeyPtr key(made);
  return to_pem(key.get());
}

Result<Bytes> ed25519_public(const SecureBytes& pem) {
  COFFER_TRY(const KeyPtr key, parse(pem));
  Bytes out(kEd25519KeySize);
  std::size_t size = out.size();
  if (EVP_PKEY_get_raw_public_key(key.get(), out.data(), &size) != 1 || size != out.size()) {
    return openssl_error("EVP_PKEY_get_raw_public_key");
  }
  return out;
}

Result<Bytes> sign_ed25519(const SecureBytes& pem, ByteView message) {
  COFFER_TRY(const KeyPtr key, parse(pem));
  const DigestContextPtr context(EVP_MD_CTX_new());
  Bytes out(kEd25519SignatureSize);
  std::size_t size = out.size();
  if (context == nullptr ||
      EVP_DigestSignInit_ex(context.get(), nullptr, nullptr, nullptr, "", key.get(), nullptr) !=
          1 ||
      EVP_DigestSign(context.get(), out.data(), &size, message.data(), message.size()) != 1 ||
      size != out.size()) {
    return openssl_error("EVP_DigestSign");
  }
  return out;
}

Result<void> check_ed25519_key(ByteView public_key) {
  if (public_key.size() != kEd25519KeySize) {
    return make_error(ErrorCode::invalid_argument, "an Ed25519 public key has 32 bytes");
  }
  Bytes y(public_key.begin(), public_key.end());
  y.back() &= 0x7fU;
  if (std::find(kSmallOrder.begin(), kSmallOrder.end(), to_hex(y)) == kSmallOrder.end()) return {};
  return make_error(ErrorCode::invalid_argument,
                    "an Ed25519 public key of small order, with which anybody can sign");
}

Result<void> verify_ed25519(ByteView public_key, ByteView message, ByteView signature) {
  COFFER_CHECK(check_ed25519_key(public_key));
  const KeyPtr key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, public_key.data(), public_key.size()));
  const DigestContextPtr context(EVP_MD_CTX_new());
  if (key == nullptr || context == nullptr ||
      EVP_DigestVerifyInit_ex(context.get(), nullptr, nullptr, nullptr, "", key.get(), nullptr) !=
          1) {
    return openssl_error("EVP_DigestVerifyInit_ex");
  }
  if (EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                       message.size()) == 1) {
    return {};
  }
  forget_openssl_errors();
  return make_error(ErrorCode::corrupt, "the signature isn't by that key over these bytes");
}

}  // namespace coffer::crypto
