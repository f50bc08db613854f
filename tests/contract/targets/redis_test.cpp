// What only Redis has: users that it may write to one of two places, or to none.
#include <gtest/gtest.h>

#include "contract/targets/database_server.h"

namespace coffer::contract {
namespace {

using connectors::Kind;
using connectors::Target;

/// This one has an aclfile.
class RedisTarget : public testing::Test {
 protected:
  static DatabaseServer& server() {
    static const auto started = DatabaseServer::start(Kind::redis);
    return *started;
  }
  static std::unique_ptr<Target> with(const std::string& mode) {
    auto config = server().config();
    config.persistence_mode = mode;
    auto made = connectors::make_target(std::move(config));
    if (!made.ok()) throw std::runtime_error(describe(made.error()));
    return *std::move(made);
  }
};

TEST_F(RedisTarget, TellsWhichModeIsItsOwn) {
  must(with("")->verify_fit());
  must(with("ACLFILE")->verify_fit());
  must(with("REWRITE")->verify());
  const auto refused = with("REWRITE")->verify_fit();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(refused.error().text.find("wanted ACLFILE"), std::string::npos) << refused.error().text;
}

/// CONFIG REWRITE would say OK and write none.
TEST_F(RedisTarget, KeepsUsersInItsFileWhicheverModeIsSaid) {
  for (const std::string mode : {"ACLFILE", "REWRITE"}) {
    const auto target = with(mode);
    must(target->create_user(server().creation(), "kept", secret("p"), system_clock().wall()));
    must(target->set_password({}, "kept", secret("q")));
    server().restart();
    EXPECT_NE(server().log_in("kept", "q"), nullptr) << mode;
    must(target->drop_user({}, "kept"));
    server().restart();
    EXPECT_EQ(server().log_in("kept", "q"), nullptr) << mode;
  }
}

}  // namespace
}  // namespace coffer::contract
