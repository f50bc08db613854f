#include "coffer/crypto/aead.h"

#include <algorithm>
#include <array>
#include <limits>

#include "openssl.h"

namespace coffer::crypto {
namespace {

struct CipherTools {
  CipherPtr algorithm;
  CipherContextPtr context;
};

Result<CipherTools*> tools() {
  thread_local CipherTools kept;
  if (kept.context != nullptr) return &kept;
  CipherTools made{CipherPtr(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", "")),
                   CipherContextPtr(EVP_CIPHER_CTX_new())};
  if (made.algorithm == nullptr) return openssl_error("EVP_CIPHER_fetch");
  if (made.context == nullptr) return openssl_error("EVP_CIPHER_CTX_new");
  kept = std::move(made);
  return &kept;
}

/// Wipes the key schedule when the operation ends: the context outlives it, outside of locked
/// memory. Measured: no dearer than setting the next key over the old one.
class ContextInUse final {
 public:
  explicit ContextInUse(const CipherTools& tools) : context_(tools.context.get()) {}
  ~ContextInUse() { EVP_CIPHER_CTX_reset(context_); }
  ContextInUse(const ContextInUse&) = delete;
  ContextInUse& operator=(const ContextInUse&) = delete;
  [[nodiscard]] EVP_CIPHER_CTX* get() const noexcept { return context_; }

 private:
  EVP_CIPHER_CTX* context_;
};

constexpr std::size_t kLargestInput = std::numeric_limits<int>::max() - 1024;

Result<void> check_sizes(ByteView key, ByteView iv, ByteView aad, std::size_t text) {
  // OpenSSL and tokens take other IV lengths without a word, so we look ourselves.
  if (key.size() != kAeadKeySize || iv.size() != kAeadIvSize) {
    return make_error(ErrorCode::invalid_argument, "aes-256-gcm wants a key of 32 and an iv of 12");
  }
  if (aad.size() > kLargestInput || text > kLargestInput) {
    return make_error(ErrorCode::too_large, "over 2 GiB in one aes-256-gcm operation");
  }
  return {};
}

int length(ByteView bytes) { return static_cast<int>(bytes.size()); }

Error not_authentic() {
  forget_openssl_errors();
  return make_error(ErrorCode::corrupt, "sealed bytes aren't what was sealed");
}

Result<void> decrypt(EVP_CIPHER_CTX* context, ByteView aad, ByteView text, ByteView tag,
                     MutableByteView out) {
  int done = 0;
  if (!aad.empty() && EVP_DecryptUpdate(context, nullptr, &done, aad.data(), length(aad)) != 1) {
    return openssl_error("EVP_DecryptUpdate(aad)");
  }
  if (!text.empty() &&
      EVP_DecryptUpdate(context, out.data(), &done, text.data(), length(text)) != 1) {
    return openssl_error("EVP_DecryptUpdate");
  }
  std::array<std::uint8_t, kAeadTagSize> expected;
  std::copy(tag.begin(), tag.end(), expected.begin());
  if (EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kAeadTagSize, expected.data()) != 1) {
    return openssl_error("EVP_CTRL_AEAD_SET_TAG");
  }
  std::uint8_t nothing = 0;  // GCM writes no more, but a null pointer would mean additional data
  if (EVP_DecryptFinal_ex(context, &nothing, &done) != 1) return not_authentic();
  return {};
}

}  // namespace

Result<void> aead_seal_to(ByteView key, ByteView iv, ByteView aad, ByteView plaintext,
                          MutableByteView out) {
  COFFER_CHECK(check_sizes(key, iv, aad, plaintext.size()));
  if (out.size() != plaintext.size() + kAeadTagSize) {
    return make_error(ErrorCode::invalid_argument, "no room for the ciphertext and its tag");
  }
  COFFER_TRY(const CipherTools* kept, tools());
  const ContextInUse context(*kept);
  int done = 0;
  if (EVP_EncryptInit_ex2(context.get(), kept->algorithm.get(), key.data(), iv.data(), nullptr) !=
      1) {
    return openssl_error("EVP_EncryptInit_ex2");
  }
  if (!aad.empty() &&
      EVP_EncryptUpdate(context.get(), nullptr, &done, aad.data(), length(aad)) != 1) {
    return openssl_error("EVP_EncryptUpdate(aad)");
  }
  if (!plaintext.empty() && EVP_EncryptUpdate(context.get(), out.data(), &done, plaintext.data(),
                                              length(plaintext)) != 1) {
    return openssl_error("EVP_EncryptUpdate");
  }
  std::uint8_t* tag = out.data() + plaintext.size();
  if (EVP_EncryptFinal_ex(context.get(), tag, &done) != 1) {
    return openssl_error("EVP_EncryptFinal_ex");
  }
  if (EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kAeadTagSize, tag) != 1) {
    return openssl_error("EVP_CTRL_AEAD_GET_TAG");
  }
  return {};
}

Result<Bytes> aead_seal(ByteView key, ByteView iv, ByteView aad, ByteView plaintext) {
  Bytes sealed(plaintext.size() + kAeadTagSize);
  COFFER_CHECK(aead_seal_to(key, iv, aad, plaintext, sealed));
  return sealed;
}

Result<void> aead_open(ByteView key, ByteView iv, ByteView aad, ByteView sealed,
                       MutableByteView out) {
  if (sealed.size() < kAeadTagSize) {
    return make_error(ErrorCode::corrupt, "sealed bytes are shorter than their tag");
  }
  const ByteView text = sealed.first(sealed.size() - kAeadTagSize);
  COFFER_CHECK(check_sizes(key, iv, aad, text.size()));
  if (out.size() != text.size()) {
    return make_error(ErrorCode::invalid_argument, "room for the plaintext has another size");
  }
  COFFER_TRY(const CipherTools* kept, tools());
  const ContextInUse context(*kept);
  if (EVP_DecryptInit_ex2(context.get(), kept->algorithm.get(), key.data(), iv.data(), nullptr) !=
      1) {
    return openssl_error("EVP_DecryptInit_ex2");
  }
  Result<void> opened = decrypt(context.get(), aad, text, sealed.last(kAeadTagSize), out);
  // GCM decrypts before it knows the tag: what isn't authentic must not be seen (SP 800-38D 7.2).
  if (!opened.ok()) wipe(out);
  return opened;
}

}  // namespace coffer::crypto
