// How long those wait whom nobody knows.
#include "src/daemon/strangers.h"

#include <gtest/gtest.h>

#include <string>

namespace coffer::daemon {
namespace {

using std::chrono::milliseconds;

class StrangersTest : public testing::Test {
 protected:
  [[nodiscard]] bool admitted(const model::Peer& peer, Strangers::Time now, int number = 0) {
    auto job = std::make_unique<Exchange>(nullptr, peer, HttpRequest{});
    job->runs = number;
    return strangers_.admit(std::move(job), now) != nullptr;
  }
  void spend_all(const model::Peer& peer) {
    for (std::size_t i = 0; i < Strangers::kAtOnce; ++i) ASSERT_TRUE(admitted(peer, start_));
  }
  const model::Peer one_{.uid = 1, .gid = 1, .pid = 1, .groups = {}, .unit = {}};
  const model::Peer two_{.uid = 2, .gid = 2, .pid = 2, .groups = {}, .unit = {}};
  const Strangers::Time start_{std::chrono::seconds(1000)};
  Strangers strangers_;
};

TEST_F(StrangersTest, AFewAreAnsweredAtOnce) {
  spend_all(one_);
  EXPECT_TRUE(strangers_.empty());
}

TEST_F(StrangersTest, WhatIsOverTheRateWaits) {
  spend_all(one_);
  EXPECT_FALSE(admitted(one_, start_));
  EXPECT_FALSE(strangers_.empty());
  EXPECT_TRUE(strangers_.due(start_ + milliseconds(3)).empty());
  EXPECT_EQ(strangers_.due(start_ + milliseconds(4)).size(), 1U);
  EXPECT_TRUE(strangers_.empty());
}

TEST_F(StrangersTest, TheyLeaveInTheOrderInWhichTheyCame) {
  spend_all(one_);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(admitted(one_, start_, i));
  std::string order;
  for (const auto& job : strangers_.due(start_ + milliseconds(20)))
    order += std::to_string(job->runs);
  for (const auto& job : strangers_.due(start_ + milliseconds(40)))
    order += std::to_string(job->runs);
  EXPECT_EQ(order, "0123456789");
}

TEST_F(StrangersTest, NobodyOvertakesOneWhoWaits) {
  spend_all(one_);
  EXPECT_FALSE(admitted(one_, start_, 1));
  // There is room again, but not for who comes last.
  EXPECT_FALSE(admitted(one_, start_ + milliseconds(4), 2));
  const auto now = strangers_.due(start_ + milliseconds(4));
  ASSERT_EQ(now.size(), 1U);
  EXPECT_EQ(now.front()->runs, 1);
}

TEST_F(StrangersTest, OneUsersFloodIsNobodyElsesBusiness) {
  spend_all(one_);
  EXPECT_FALSE(admitted(one_, start_));
  EXPECT_TRUE(admitted(two_, start_));
}

TEST_F(StrangersTest, TheRateHoldsHoweverOftenItIsAsked) {
  spend_all(one_);
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(admitted(one_, start_));
  std::size_t left = 0;
  for (int ms = 1; ms <= 1000; ++ms) left += strangers_.due(start_ + milliseconds(ms)).size();
  EXPECT_EQ(left, Strangers::kPerSecond);
}

TEST_F(StrangersTest, SilenceIsNotSavedUp) {
  spend_all(one_);
  const auto much_later = start_ + std::chrono::hours(1);
  for (std::size_t i = 0; i < Strangers::kAtOnce; ++i) ASSERT_TRUE(admitted(one_, much_later));
  EXPECT_FALSE(admitted(one_, much_later));
}

}  // namespace
}  // namespace coffer::daemon
