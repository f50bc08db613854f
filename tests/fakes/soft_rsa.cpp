#include "fakes/soft_rsa.h"

#include <openssl/bn.h>
#include <openssl/evp.h>

#include <algorithm>
#include <memory>

namespace coffer::fakes {
namespace {

struct Free {
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(BN_CTX* scratch) const { BN_CTX_free(scratch); }
};
using Number = std::unique_ptr<BIGNUM, Free>;

Number number(ByteView bytes) {
  return Number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
}

Bytes digest(SoftHash hash, ByteView data) {
  Bytes out(hash == SoftHash::sha256 ? 32 : 20);
  EVP_Q_digest(nullptr, hash == SoftHash::sha256 ? "SHA256" : "SHA1", nullptr, data.data(),
               data.size(), out.data(), nullptr);
  return out;
}

/// RFC 8017 appendix B.2.1, XORed onto `data`.
void mask(SoftHash hash, ByteView seed, MutableByteView data) {
  for (std::uint32_t counter = 0; !data.empty(); ++counter) {
    Bytes input = to_bytes(seed);
    for (int shift = 24; shift >= 0; shift -= 8) {
      input.push_back(static_cast<std::uint8_t>(counter >> static_cast<unsigned>(shift)));
    }
    const Bytes block = digest(hash, input);
    const std::size_t taken = std::min(block.size(), data.size());
    for (std::size_t i = 0; i < taken; ++i) data[i] ^= block[i];
    data = data.subspan(taken);
  }
}

}  // namespace

Result<Bytes> soft_oaep_open(const SoftRsaKey& key, SoftHash hash, ByteView sealed) {
  const Error corrupt = make_error(ErrorCode::corrupt, "the wrapped key doesn't open");
  const Number n = number(key.modulus);
  const Number d = number(key.private_exponent);
  const Number c = number(sealed);
  const Number m(BN_new());
  const std::unique_ptr<BN_CTX, Free> scratch(BN_CTX_new());
  const auto size = static_cast<std::size_t>(BN_num_bytes(n.get()));
  const Bytes label = digest(hash, {});
  const std::size_t h = label.size();
  if (sealed.size() != size || BN_cmp(c.get(), n.get()) >= 0) return corrupt;
  Bytes em(size);
  if (BN_mod_exp(m.get(), c.get(), d.get(), n.get(), scratch.get()) != 1 ||
      BN_bn2binpad(m.get(), em.data(), static_cast<int>(size)) < 0) {
    return make_error(ErrorCode::internal, "the fake can't do RSA");
  }
  const MutableByteView seed = MutableByteView(em).subspan(1, h);
  const MutableByteView block = MutableByteView(em).subspan(1 + h);
  mask(hash, block, seed);
  mask(hash, seed, block);
  const auto one = std::find_if(block.begin() + static_cast<std::ptrdiff_t>(h), block.end(),
                                [](std::uint8_t byte) { return byte != 0; });
  if (em[0] != 0 || !std::equal(label.begin(), label.end(), block.begin()) || one == block.end() ||
      *one != 1) {
    return corrupt;
  }
  return Bytes(one + 1, block.end());
}

}  // namespace coffer::fakes
