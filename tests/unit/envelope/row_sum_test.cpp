#include "../../../src/envelope/row_sum.h"

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <memory>

namespace coffer::envelope {
namespace {

crypto::Sha512 number_of(const std::vector<std::uint8_t>& bytes) {
  crypto::Sha512 number{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), number.size()), number.begin());
  return number;
}

/// Some of it all ones, so that carries run far.
rc::Gen<crypto::Sha512> numbers() {
  const auto byte =
      rc::gen::oneOf(rc::gen::just<std::uint8_t>(0xff), rc::gen::just<std::uint8_t>(0),
                     rc::gen::arbitrary<std::uint8_t>());
  return rc::gen::map(rc::gen::container<std::vector<std::uint8_t>>(64, byte), number_of);
}

using Number = std::unique_ptr<BIGNUM, decltype(&BN_free)>;

/// The same by OpenSSL's numbers: a ± b modulo 2^512.
crypto::Sha512 reference(const crypto::Sha512& a, const crypto::Sha512& b, bool add) {
  const Number x(BN_bin2bn(a.data(), 64, nullptr), BN_free);
  const Number y(BN_bin2bn(b.data(), 64, nullptr), BN_free);
  if (add) {
    BN_add(x.get(), x.get(), y.get());
  } else {
    const Number modulus(BN_new(), BN_free);
    BN_set_bit(modulus.get(), 512);
    BN_add(x.get(), x.get(), modulus.get());
    BN_sub(x.get(), x.get(), y.get());
  }
  if (BN_num_bits(x.get()) > 512) BN_clear_bit(x.get(), 512);
  crypto::Sha512 out{};
  BN_bn2binpad(x.get(), out.data(), 64);
  return out;
}

RC_GTEST_PROP(RowSum, IsArithmeticModulo2To512, ()) {
  const auto a = *numbers();
  const auto b = *numbers();
  RC_ASSERT(RowSum::of(a).bytes() == a);
  RowSum sum = RowSum::of(a);
  sum += RowSum::of(b);
  RC_ASSERT(sum.bytes() == reference(a, b, true));
  RowSum rest = RowSum::of(a);
  rest -= RowSum::of(b);
  RC_ASSERT(rest.bytes() == reference(a, b, false));
  sum -= RowSum::of(b);
  RC_ASSERT(sum == RowSum::of(a));
}

TEST(RowSum, CarriesThroughAllLimbs) {
  crypto::Sha512 ones;
  ones.fill(0xff);
  crypto::Sha512 one{};
  one.back() = 1;
  RowSum sum = RowSum::of(ones);
  sum += RowSum::of(one);
  EXPECT_EQ(sum, RowSum());
  sum -= RowSum::of(one);
  EXPECT_EQ(sum, RowSum::of(ones));
}

}  // namespace
}  // namespace coffer::envelope
