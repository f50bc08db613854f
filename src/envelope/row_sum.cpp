#include "row_sum.h"

namespace coffer::envelope {

RowSum RowSum::of(const crypto::Sha512& number) noexcept {
  RowSum sum;
  for (std::size_t i = 0; i < number.size(); ++i) {
    auto& limb = sum.limbs_[sum.limbs_.size() - 1 - i / 8];
    limb = limb << 8U | number[i];
  }
  return sum;
}

crypto::Sha512 RowSum::bytes() const noexcept {
  crypto::Sha512 number{};
  for (std::size_t i = 0; i < number.size(); ++i) {
    const std::uint64_t limb = limbs_[limbs_.size() - 1 - i / 8];
    number[i] = static_cast<std::uint8_t>(limb >> (56U - 8U * (i % 8)));
  }
  return number;
}

RowSum& RowSum::operator+=(const RowSum& other) noexcept {
  std::uint64_t carry = 0;
  for (std::size_t i = 0; i < limbs_.size(); ++i) {
    const std::uint64_t partly = limbs_[i] + carry;
    carry = partly < carry ? 1 : 0;
    limbs_[i] = partly + other.limbs_[i];
    carry += limbs_[i] < partly ? 1U : 0U;
  }
  return *this;
}

RowSum& RowSum::operator-=(const RowSum& other) noexcept {
  std::uint64_t borrow = 0;
  for (std::size_t i = 0; i < limbs_.size(); ++i) {
    const std::uint64_t before = limbs_[i];
    const std::uint64_t partly = before - other.limbs_[i];
    limbs_[i] = partly - borrow;
    borrow = (before < other.limbs_[i] ? 1U : 0U) + (partly < borrow ? 1U : 0U);
  }
  return *this;
}

}  // namespace coffer::envelope
