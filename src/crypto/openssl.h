// Owners of OpenSSL's handles, and errors with its queue as their cause. Calls are judged by their
// return value alone; the queue only tells the log why.
#pragma once

#include <openssl/ec.h>
#include <openssl/evp.h>

#include <memory>

#include "coffer/base/result.h"

namespace coffer::crypto {

template <auto Free>
struct Releaser {
  template <typename T>
  void operator()(T* handle) const noexcept {
    Free(handle);
  }
};

using CipherPtr = std::unique_ptr<EVP_CIPHER, Releaser<EVP_CIPHER_free>>;
using CipherContextPtr = std::unique_ptr<EVP_CIPHER_CTX, Releaser<EVP_CIPHER_CTX_free>>;
using DigestPtr = std::unique_ptr<EVP_MD, Releaser<EVP_MD_free>>;
using DigestContextPtr = std::unique_ptr<EVP_MD_CTX, Releaser<EVP_MD_CTX_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Releaser<EVP_PKEY_free>>;
using EcdsaSignaturePtr = std::unique_ptr<ECDSA_SIG, Releaser<ECDSA_SIG_free>>;

/// `internal`, with the name of the failed function and what the queue holds; empties the queue.
[[nodiscard]] Error openssl_error(std::string_view function,
                                  SourceLocation where = SourceLocation::current());

/// Empties the queue after a failure that is the caller's and not OpenSSL's (a bad signature).
void forget_openssl_errors() noexcept;

}  // namespace coffer::crypto
