// sys/clock: a step is seen, and confirmed on the record.
#include "unit/sys/sys_kit.h"

namespace coffer::sys {
namespace {

class ClockTest : public SysTest {};

TEST_F(ClockTest, TellsWhetherTheClockHasStepped) {
  EXPECT_EQ(text(data(read("clock")), {"stepped"}), "false");
  EXPECT_EQ(write("clock/confirm").error().code, ErrorCode::precondition);
  vault.effective_time.at_least(system_clock().wall() + std::chrono::hours(2));
  EXPECT_EQ(text(data(read("clock")), {"stepped"}), "true");
  EXPECT_NE(text(data(read("clock")), {"ahead_seconds"}).find("-7"), std::string::npos);
  EXPECT_EQ(text(data(read("health")), {"clock_stepped"}), "true");
  EXPECT_TRUE(write("clock/confirm").ok());
  EXPECT_EQ(text(data(read("clock")), {"stepped"}), "false");
  EXPECT_EQ(text(data(read("health")), {"clock_stepped"}), "absent");
}

TEST_F(ClockTest, OnlyWhoHasSudoConfirms) {
  vault.effective_time.at_least(system_clock().wall() + std::chrono::hours(2));
  put_policy("no-sudo", R"(path "sys/*" { capabilities = ["update", "read"] })");
  EXPECT_EQ(vault.call_as(token_with("no-sudo"), Operation::update, "sys/clock/confirm", "{}")
                .error()
                .code,
            ErrorCode::permission_denied);
}

}  // namespace
}  // namespace coffer::sys
