#include "coffer/auth/tokens.h"

#include <gtest/gtest.h>

#include "fakes/fake_token.h"

namespace coffer::auth {
namespace {

class TokensTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto keyring = envelope::Keyring::create(token_, Uuid{{1}});
    ASSERT_TRUE(keyring.ok());
    keyring_ = *std::move(keyring);
    auto sealed = envelope::open_sealed_store(*keyring_, token_, *store_, {}, system_clock());
    ASSERT_TRUE(sealed.ok());
    sealed_ = *std::move(sealed);
    tokens_ = std::make_unique<Tokens>(*keyring_);
  }
  std::string create() {
    auto tx = sealed_->begin();
    auto token = tokens_->create_root(**tx, system_clock().wall());
    EXPECT_TRUE(token.ok());
    const store::Transaction all[] = {(*tx)->take()};
    EXPECT_TRUE(store_->commit(all).ok());
    return std::string(as_text(token->expose(Reveal{"test"})));
  }
  Result<model::Caller> identify(std::string_view bearer) {
    auto tx = sealed_->begin();
    return tokens_->identify(**tx, bearer);
  }

  fakes::FakeToken token_;
  std::unique_ptr<store::Store> store_ = store::open_memory_store(Uuid{});
  std::unique_ptr<envelope::Keyring> keyring_;
  std::unique_ptr<envelope::SealedStore> sealed_;
  std::unique_ptr<Tokens> tokens_;
};

TEST_F(TokensTest, ANewTokenIsRoot) {
  const std::string token = create();
  EXPECT_TRUE(token.starts_with("hvs."));
  EXPECT_EQ(token.size(), 4U + 43U);
  const auto caller = identify(token);
  ASSERT_TRUE(caller.ok());
  EXPECT_EQ(caller->policies, std::vector<std::string>{"root"});
  EXPECT_EQ(caller->token_type, "service");
  EXPECT_FALSE(caller->accessor.empty());
}

TEST_F(TokensTest, TokensDiffer) { EXPECT_NE(create(), create()); }

TEST_F(TokensTest, AnythingElseIsRefusedAlike) {
  const std::string token = create();
  std::string changed = token;
  changed.back() = changed.back() == 'A' ? 'B' : 'A';
  for (const std::string& bearer : {std::string(), changed, token + "x", token.substr(1),
                                    std::string(600, 'x'), std::string("\0", 1)}) {
    const auto caller = identify(bearer);
    ASSERT_FALSE(caller.ok());
    EXPECT_EQ(caller.error().code, ErrorCode::permission_denied);
    EXPECT_EQ(caller.error().text, "permission denied");
  }
}

TEST_F(TokensTest, TheStoreHoldsNoToken) {
  const std::string token = create();
  auto snapshot = store_->snapshot();
  ASSERT_TRUE((*snapshot)
                  ->scan("",
                         [&](const store::Key& key, const store::Row& row) {
                           EXPECT_EQ((key + row.value).find(token.substr(4)), std::string::npos);
                           EXPECT_EQ(row.value.find("root"), std::string::npos);
                           return true;
                         })
                  .ok());
}

}  // namespace
}  // namespace coffer::auth
