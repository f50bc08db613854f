// C8: what is over is over, though nothing has swept it yet. No test here calls sweep().
#include "sys_kit.h"

namespace coffer::sys {
namespace {

class ExpiryTest : public SysTest {
 protected:
  void SetUp() override {
    put_policy("all", R"(path "*" { capabilities = ["read", "update", "create", "sudo"] })");
    const Answer made = vault.call(Operation::update, "auth/token/create",
                                   R"({"policies":["all"],"ttl":"60s","renewable":true})");
    ASSERT_TRUE(made.ok() && made->auth);
    token = made->auth->client_token;
    accessor = made->auth->accessor;
  }
  Answer own(Operation operation, const std::string& path, const std::string& body = "") {
    return vault.call_as(token, operation, path, body);
  }
  Answer about(const std::string& path, const std::string& more = "") {
    return vault.call(Operation::update, path,
                      R"({"token":")" + token + R"(","accessor":")" + accessor + '"' + more + "}");
  }

  std::string token;
  std::string accessor;
};

TEST_F(ExpiryTest, C08ATokenLivesItsLastSecondAndNotTheNext) {
  vault.ahead = std::chrono::seconds(55);
  EXPECT_TRUE(own(Operation::read, "auth/token/lookup-self").ok());
  vault.ahead = std::chrono::seconds(60);
  EXPECT_EQ(own(Operation::read, "auth/token/lookup-self").error().code,
            ErrorCode::permission_denied);
}

TEST_F(ExpiryTest, C08AnExpiredTokenDoesNothingAndNothingIsDoneWithIt) {
  vault.ahead = std::chrono::seconds(61);
  for (const char* path : {"auth/token/create", "auth/token/renew-self", "auth/token/revoke-self",
                           "sys/capabilities-self", "sys/tools/random"}) {
    EXPECT_EQ(own(Operation::update, path, R"({"paths":["a"]})").error().code,
              ErrorCode::permission_denied)
        << path;
  }
  for (const char* path : {"auth/token/lookup", "auth/token/renew", "auth/token/revoke",
                           "auth/token/lookup-accessor", "auth/token/renew-accessor"}) {
    EXPECT_EQ(about(path).error().code, ErrorCode::permission_denied) << path;
  }
  refused(about("sys/capabilities", R"(,"paths":["a"])"), "token");
  refused(about("sys/capabilities-accessor", R"(,"paths":["a"])"), "accessor");
  const Answer listed = vault.call(Operation::list, "auth/token/accessors/");
  ASSERT_TRUE(listed.ok());
  EXPECT_EQ(listed->data.find(accessor), std::string::npos);
}

TEST_F(ExpiryTest, C08AChildIsOverWithItsParent) {
  const Answer child = own(Operation::update, "auth/token/create", R"({"ttl":"10h"})");
  ASSERT_TRUE(child.ok() && child->auth);
  vault.ahead = std::chrono::seconds(61);
  EXPECT_EQ(vault.call_as(child->auth->client_token, Operation::read, "auth/token/lookup-self")
                .error()
                .code,
            ErrorCode::permission_denied);
}

/// CVE-2021-32923: a renewal just before the end made a token without an end.
TEST_F(ExpiryTest, C08RenewalsAroundTheLongestLifeNeverPassIt) {
  const Answer made = vault.call(Operation::update, "auth/token/create",
                                 R"({"policies":["all"],"ttl":"60s","explicit_max_ttl":"60s"})");
  ASSERT_TRUE(made.ok() && made->auth);
  for (const int second : {0, 1, 50, 55}) {
    vault.ahead = std::chrono::seconds(second);
    for (const char* increment : {"0", "1", "60", "31536000"}) {
      const Answer renewed =
          vault.call_as(made->auth->client_token, Operation::update, "auth/token/renew-self",
                        std::string(R"({"increment":)") + increment + "}");
      if (!renewed.ok()) continue;
      EXPECT_GT(renewed->auth->lease_duration.count(), 0);
      EXPECT_LE(renewed->auth->lease_duration.count(), 60 - second);
    }
    // An increment may also shorten: from here on the longest again.
    ASSERT_TRUE(vault
                    .call_as(made->auth->client_token, Operation::update, "auth/token/renew-self",
                             R"({"increment":"1h"})")
                    .ok());
  }
  vault.ahead = std::chrono::seconds(61);
  EXPECT_FALSE(
      vault.call_as(made->auth->client_token, Operation::read, "auth/token/lookup-self").ok());
}

}  // namespace
}  // namespace coffer::sys
