// A TokenKeeper over a fake device, whose thread is the test and whose clock stands still.
#pragma once

#include <gtest/gtest.h>

#include "coffer/pkcs11/token_keeper.h"
#include "fakes/fake_source.h"
#include "fakes/manual_clock.h"

namespace coffer::pkcs11 {

using Method = fakes::FakeToken::Method;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

template <typename T>
std::string code_of(const Result<T>& result) {
  return result.ok() ? "ok" : std::string(to_string(result.error().code));
}

inline Error failure(std::string_view rv, ErrorCode code = ErrorCode::unavailable) {
  return make_error(code, "the token is away or doesn't answer", "C_Decrypt: " + std::string(rv));
}

class KeeperTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(device_->generate(KeyRole::kek, kek_, "kek").ok());
    ASSERT_TRUE(device_->generate(KeyRole::sign, sign_, "sign").ok());
    options_.drain = milliseconds(0);
    start(TokenKeeper::Threads::none);
  }
  void start(TokenKeeper::Threads threads) {
    keeper_.reset();
    auto opened = source_.open({}, {});
    ASSERT_TRUE(opened.ok());
    auto made = TokenKeeper::make(source_, *std::move(opened), clock_, options_, threads);
    ASSERT_TRUE(made.ok()) << describe(made.error());
    keeper_ = *std::move(made);
    ASSERT_TRUE(keeper_->watch({{KeyRole::kek, kek_}, {KeyRole::sign, sign_}}).ok());
    auto wrapped = wrap();
    ASSERT_TRUE(wrapped.ok());
    blob_ = *std::move(wrapped);
  }

  Result<Bytes> wrap() {
    const auto key = SecureBytes::copy_of(as_bytes("a data key"));
    return keeper_->wrap(kek_, *key, aad_);
  }
  Result<SecureBytes> unwrap() { return keeper_->unwrap(kek_, blob_, aad_); }
  TokenState state() { return keeper_->health().state; }
  /// Until nothing is due any more at this time.
  void settle() {
    for (int round = 0; round < 10; ++round) {
      if (keeper_->tick() > nanoseconds(0)) return;
    }
    ADD_FAILURE() << "the keeper is never done";
  }
  void advance(nanoseconds by) {
    clock_.advance(by);
    settle();
  }
  /// Down, the first attempt behind it.
  void pull() {
    device_->pull();
    EXPECT_EQ(code_of(unwrap()), "unavailable");
    settle();
    EXPECT_EQ(state(), TokenState::down);
  }

  fakes::ManualClock clock_;
  KeeperOptions options_;
  std::shared_ptr<fakes::FakeToken> device_ = std::make_shared<fakes::FakeToken>();
  fakes::FakeSource source_{device_};
  const KeyRef kek_{{1}};
  const KeyRef sign_{{2}};
  const Bytes aad_{1, 2, 3};
  Bytes blob_;
  std::unique_ptr<TokenKeeper> keeper_;
};

}  // namespace coffer::pkcs11
