// The paths that clients ask before anything else.
#include <gtest/gtest.h>

#include "fakes/test_vault.h"

namespace coffer::sys {
namespace {

using fakes::TestVault;
using model::Operation;

TEST(Sys, HealthIsBareAndServesWithoutACaller) {
  TestVault vault;
  const auto response = vault.call_as("", Operation::read, "sys/health");
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->outcome, model::Outcome::bare);
  EXPECT_EQ(response->status, 200);
  for (const char* field : {R"("initialized":true)", R"("sealed":false)", R"("standby":false)",
                            R"("version":")", R"("server_time_utc":)"}) {
    EXPECT_NE(response->data.find(field), std::string::npos) << field;
  }
}

TEST(Sys, HealthSaysWhyTheVaultDoesNotServe) {
  TestVault vault;
  vault.state->set_log_trouble("cannot write the audit log: disk full");
  const auto broken = vault.call_as("", Operation::read, "sys/health");
  EXPECT_EQ(broken->status, 503);
  EXPECT_NE(broken->data.find("disk full"), std::string::npos);
  vault.state->set_log_trouble({});
  EXPECT_EQ(vault.call_as("", Operation::read, "sys/health")->status, 200);
}

TEST(Sys, SealStatusHasWhatClientsNeed) {
  TestVault vault;
  const auto response = vault.call_as("", Operation::read, "sys/seal-status");
  ASSERT_TRUE(response.ok());
  for (const char* field : {R"("type":"pkcs11")", R"("sealed":false)", R"("t":1)", R"("n":1)",
                            R"("storage_type":)", R"("cluster_id":")"}) {
    EXPECT_NE(response->data.find(field), std::string::npos) << field;
  }
}

TEST(Sys, TellsTheMountOfAPathToWhoMaySeeIt) {
  TestVault vault;
  const auto response = vault.call(Operation::read, "sys/internal/ui/mounts/secret/app/db");
  ASSERT_TRUE(response.ok());
  EXPECT_NE(response->data.find(R"("path":"secret/")"), std::string::npos);
  EXPECT_NE(response->data.find(R"("options":{"version":"2"})"), std::string::npos);
  EXPECT_NE(response->data.find(R"("type":"kv")"), std::string::npos);
  EXPECT_TRUE(vault.call(Operation::read, "sys/internal/ui/mounts/secret").ok());
}

TEST(Sys, UnknownAndForbiddenMountsAreTheSame) {
  TestVault vault;
  const auto unknown = vault.call(Operation::read, "sys/internal/ui/mounts/nosuch/a");
  const auto forbidden = vault.call_as("", Operation::read, "sys/internal/ui/mounts/secret/a");
  EXPECT_EQ(unknown.error().code, ErrorCode::permission_denied);
  EXPECT_EQ(forbidden.error().code, ErrorCode::permission_denied);
  EXPECT_EQ(unknown.error().text, forbidden.error().text);
}

TEST(Sys, ListsOnlyMountsThatTheCallerMaySee) {
  TestVault vault;
  const auto root = vault.call(Operation::read, "sys/internal/ui/mounts");
  EXPECT_NE(root->data.find(R"("secret/":{)"), std::string::npos);
  const auto nobody = vault.call_as("", Operation::read, "sys/internal/ui/mounts");
  EXPECT_EQ(nobody->data, R"({"auth":{},"secret":{}})");
}

}  // namespace
}  // namespace coffer::sys
