// A signing key of a test's own, without a token.
#pragma once

#include "coffer/crypto/signer.h"
#include "fakes/soft_crypto.h"

namespace coffer::fakes {

/// A P-256 key whose scalar is `number` over and over; its nonces are made from key and message, so
/// that the same signature comes out each time.
class SoftSigner final : public crypto::Signer {
 public:
  explicit SoftSigner(std::uint8_t number) {
    scalar_.fill(number);
    public_ = *soft_p256_public(scalar_);
  }
  Result<Bytes> sign(ByteView message) override { return soft_p256_sign(scalar_, message); }
  ByteView public_key() const override { return public_; }

 private:
  Block32 scalar_{};
  Bytes public_;
};

}  // namespace coffer::fakes
