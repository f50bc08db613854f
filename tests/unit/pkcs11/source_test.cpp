#include <gtest/gtest.h>

#include "coffer/pkcs11/token_source.h"
#include "fakes/softhsm.h"

namespace coffer::pkcs11 {
namespace {

class InProcessSourceTest : public testing::Test {
 protected:
  void SetUp() override {
    auto made = fakes::SoftHsmDirectory::create();
    ASSERT_TRUE(made.ok()) << made.error().text;
    directory_ = *std::move(made);
  }
  std::unique_ptr<fakes::SoftHsmDirectory> directory_;
  std::unique_ptr<TokenSource> source_ = in_process_source();
};

TEST_F(InProcessSourceTest, OpensAgainWithThePinOfTheLastSuccess) {
  ASSERT_TRUE(source_->open(directory_->config(), directory_->pin()).ok());
  const auto again = source_->reopen();
  ASSERT_TRUE(again.ok()) << again.error().text;
  EXPECT_TRUE((*again)->random(16).ok());
}

TEST_F(InProcessSourceTest, HasNothingToOpenBeforeTheFirstSuccess) {
  const auto none = source_->reopen();
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, ErrorCode::precondition);
}

TEST_F(InProcessSourceTest, KeepsNoPinThatWasRefused) {
  const auto wrong = fakes::random_pin(8);
  ASSERT_TRUE(wrong.ok());
  const auto refused = source_->open(directory_->config(), *wrong);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::permission_denied);
  EXPECT_EQ(source_->reopen().error().code, ErrorCode::precondition);
}

TEST_F(InProcessSourceTest, ForgetsThePinWhenTold) {
  ASSERT_TRUE(source_->open(directory_->config(), directory_->pin()).ok());
  source_->forget();
  EXPECT_EQ(source_->reopen().error().code, ErrorCode::precondition);
}

}  // namespace
}  // namespace coffer::pkcs11
