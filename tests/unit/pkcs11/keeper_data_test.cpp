// Data objects behind a keeper: what was there once is never said to be missing.
#include "keeper_kit.h"

namespace coffer::pkcs11 {
namespace {

class KeeperData : public KeeperTest {
 protected:
  std::string read() {
    const auto value = keeper_->read_data("a/0");
    if (!value.ok()) return code_of(value);
    return *value ? "=" + std::string(as_text(**value)) : "none";
  }
  Result<void> write(std::string_view value) { return keeper_->write_data("a/0", as_bytes(value)); }
};

TEST_F(KeeperData, NoneIsNoFailureOfTheToken) {
  EXPECT_EQ(read(), "none");
  settle();
  EXPECT_EQ(state(), TokenState::up);
}

TEST_F(KeeperData, WhatWasReadOrWrittenAndIsGoneIsUnavailable) {
  ASSERT_TRUE(device_->write_data("a/0", as_bytes("old")).ok());
  EXPECT_EQ(read(), "=old");
  device_->forget_data("a/0");
  EXPECT_EQ(read(), "unavailable");
  EXPECT_EQ(code_of(write("new")), "ok");
  EXPECT_EQ(read(), "=new");
  device_->forget_data("a/0");
  EXPECT_EQ(read(), "unavailable");
}

TEST_F(KeeperData, WhatWasThereIsStillRememberedAfterAReopening) {
  EXPECT_EQ(code_of(write("old")), "ok");
  source_.cut();
  advance(seconds(1));
  EXPECT_EQ(keeper_->health().reopenings, 1U);
  EXPECT_EQ(read(), "=old");
  device_->forget_data("a/0");
  EXPECT_EQ(read(), "unavailable");
}

TEST_F(KeeperData, AWriteThatFailedIsTheTokensFaultAndCanBeDoneAgain) {
  device_->fail_nth(Method::write_data, 1, failure("CKR_DEVICE_ERROR"));
  EXPECT_EQ(code_of(write("new")), "unavailable");
  settle();
  EXPECT_EQ(state(), TokenState::degraded);
  EXPECT_EQ(read(), "none") << "it never was there";
  EXPECT_EQ(code_of(write("new")), "ok");
  EXPECT_EQ(read(), "=new");
}

TEST_F(KeeperData, WhatIsWrongWithTheRequestIsNobodysFault) {
  EXPECT_EQ(code_of(keeper_->read_data("")), "invalid_argument");
  EXPECT_EQ(code_of(keeper_->write_data("a", Bytes(kMaxDataSize + 1, 1))), "too_large");
  device_->fail_nth(Method::read_data, 1, failure("two", ErrorCode::conflict));
  EXPECT_EQ(read(), "conflict");
  settle();
  EXPECT_EQ(state(), TokenState::up);
}

TEST_F(KeeperData, WhileTheTokenIsDownNothingIsSaidToBeMissing) {
  pull();
  EXPECT_EQ(read(), "unavailable");
  EXPECT_EQ(code_of(write("x")), "unavailable");
}

}  // namespace
}  // namespace coffer::pkcs11
