#include "fakes/rsa_signer.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <cstdlib>

namespace coffer::fakes {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

class RsaSigner final : public crypto::Signer {
 public:
  RsaSigner() : key_(EVP_RSA_gen(2048)) {
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key_.get(), &der);
    if (size <= 0) std::abort();
    public_.assign(der, der + size);
    OPENSSL_free(der);
  }

  Result<Bytes> sign(ByteView message) override {
    const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* options = nullptr;
    Bytes signature(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())));
    std::size_t size = signature.size();
    if (EVP_DigestSignInit(context.get(), &options, EVP_sha256(), nullptr, key_.get()) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) != 1 ||
        EVP_PKEY_CTX_set_rsa_pss_saltlen(options, 32) != 1 ||
        EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) !=
            1) {
      return make_error(ErrorCode::internal, "the fake can't sign");
    }
    return signature;
  }
  ByteView public_key() const override { return public_; }

 private:
  std::unique_ptr<EVP_PKEY, Free> key_;
  Bytes public_;
};

}  // namespace

std::unique_ptr<crypto::Signer> make_rsa_signer() { return std::make_unique<RsaSigner>(); }

}  // namespace coffer::fakes
