#include "coffer/base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <type_traits>

namespace coffer {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return make_error(ErrorCode::invalid_argument, "odd number");
  return n / 2;
}

Result<void> demand_even(int n) {
  COFFER_TRY([[maybe_unused]] const int unused, half(n));
  return {};
}

Result<int> quarter(int n) {
  COFFER_CHECK(demand_even(n));
  COFFER_TRY(const int once, half(n));
  COFFER_TRY(const int twice, half(once));
  return twice;
}

Result<std::unique_ptr<int>> boxed(int n) {
  COFFER_TRY(const int value, half(n));
  return std::make_unique<int>(value);
}

TEST(Result, HoldsAValue) {
  const Result<int> result = half(8);
  ASSERT_TRUE(result.ok());
  ASSERT_TRUE(result);
  EXPECT_EQ(*result, 4);
}

TEST(Result, HoldsAnError) {
  const Result<int> result = half(7);
  ASSERT_FALSE(result.ok());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(result.error().text, "odd number");
}

TEST(Result, TryBindsTheValue) {
  const auto result = quarter(12);
  ASSERT_TRUE(result);
  EXPECT_EQ(*result, 3);
}

TEST(Result, TryAndCheckReturnTheFirstError) {
  EXPECT_FALSE(quarter(9));   // stopped by COFFER_CHECK
  EXPECT_FALSE(quarter(10));  // stopped by the second COFFER_TRY
}

TEST(Result, TryKeepsWhereTheErrorWasMade) {
  const auto inner = half(1);
  const auto outer = quarter(1);
  ASSERT_FALSE(outer);
  EXPECT_EQ(outer.error().where.line(), inner.error().where.line());
}

TEST(Result, CarriesMoveOnlyValues) {
  auto result = boxed(6);
  ASSERT_TRUE(result);
  EXPECT_EQ(**result, 3);
  const std::unique_ptr<int> taken = *std::move(result);
  EXPECT_EQ(*taken, 3);
}

TEST(Result, VoidIsOkByDefault) {
  EXPECT_TRUE(Result<void>());
  EXPECT_FALSE(demand_even(3));
  EXPECT_TRUE(demand_even(4));
}

TEST(Result, ArrowReachesMembers) {
  Result<std::string> result(std::string("abc"));
  EXPECT_EQ(result->size(), 3U);
  result->push_back('d');
  EXPECT_EQ(*result, "abcd");
}

template <typename T>
concept HasValueCall = requires(T result) {
  result.value();
};
static_assert(!HasValueCall<Result<int>>, "value() throws");
static_assert(!std::is_convertible_v<Result<int>, bool>, "a Result isn't its value by accident");

}  // namespace
}  // namespace coffer
