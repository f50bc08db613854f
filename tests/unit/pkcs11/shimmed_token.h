// A P11Token over SoftHSM through the shim, for tests that break things.
#pragma once

#include <gtest/gtest.h>

#include "fakes/softhsm.h"
#include "pkcs11/src/connect.h"
#include "pkcs11/src/p11_token.h"
#include "shim.h"

namespace coffer::pkcs11 {

template <typename T>
std::string_view code_of_result(const Result<T>& result) {
  return result.ok() ? "ok" : to_string(result.error().code);
}

template <typename T>
std::string text_of_result(const Result<T>& result) {
  return result.ok() ? "ok" : describe(result.error());
}

inline KeyRef key_ref(std::string_view name) { return {to_bytes(as_bytes(name))}; }

inline SecureBytes secret(std::string_view text) {
  auto copy = SecureBytes::copy_of(as_bytes(text));
  return copy ? std::move(*copy) : SecureBytes();
}

class ShimmedToken : public testing::Test {
 protected:
  void SetUp() override {
    shim::reset();
    auto made = fakes::SoftHsmDirectory::create();
    ASSERT_TRUE(made.ok()) << describe(made.error());
    directory_ = *std::move(made);
    config_ = directory_->config();
    config_.session_wait = std::chrono::milliseconds(200);
  }
  void TearDown() override {
    token_.reset();
    shim::reset();
  }

  /// As open_token(), but for the shim.
  Result<void> connect_with(const SecureBytes& pin, FewTries few = FewTries::refuse) {
    token_.reset();
    COFFER_TRY(const TokenUri uri, TokenUri::parse(config_.uri));
    COFFER_TRY(Connection connection, connect(Module::adopt(shim::hooked()), uri, pin, few));
    connection.profile = profile_;
    if (profile_.one_at_a_time) connection.module->serialise();
    slot_ = connection.slot;
    token_ = std::make_unique<P11Token>(std::move(connection), config_);
    return {};
  }
  void open() {
    const auto opened = connect_with(directory_->pin());
    ASSERT_TRUE(opened.ok()) << describe(opened.error());
  }
  /// Opened, with a kek and a blob under it.
  void open_with_kek() {
    ASSERT_NO_FATAL_FAILURE(open());
    const auto made = token_->generate(KeyRole::kek, kek_, "kek");
    ASSERT_TRUE(made.ok()) << describe(made.error());
    auto blob = token_->wrap(kek_, secret("data key"), aad_);
    ASSERT_TRUE(blob.ok()) << describe(blob.error());
    blob_ = *std::move(blob);
  }
  Result<SecureBytes> unwrap() { return token_->unwrap(kek_, blob_, aad_); }

  const KeyRef kek_ = key_ref("kek");
  const KeyRef sign_ = key_ref("sign");
  const Bytes aad_ = {1, 2, 3};
  std::unique_ptr<fakes::SoftHsmDirectory> directory_;
  TokenConfig config_;
  Profile profile_;
  std::unique_ptr<P11Token> token_;
  CK_SLOT_ID slot_ = 0;
  Bytes blob_;
};

}  // namespace coffer::pkcs11
