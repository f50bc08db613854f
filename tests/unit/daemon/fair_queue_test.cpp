// Whose request is next.
#include "src/daemon/fair_queue.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "src/daemon/workers.h"

namespace coffer::daemon {
namespace {

class FairQueueTest : public testing::Test {
 protected:
  void push(const model::Peer& peer, int number) {
    auto job = std::make_unique<Exchange>(nullptr, peer, HttpRequest{});
    job->runs = number;
    queue_.push(std::move(job));
  }
  /// "user:number" of each job, in the order in which they come out.
  std::string all() {
    std::string order;
    while (!queue_.empty()) {
      const FairQueue::Job job = queue_.pop();
      order += std::to_string(job->peer.uid) + ":" + std::to_string(job->runs) + " ";
    }
    return order;
  }
  const model::Peer one_{.uid = 1, .gid = 1, .pid = 1, .groups = {}, .unit = {}};
  const model::Peer two_{.uid = 2, .gid = 2, .pid = 2, .groups = {}, .unit = {}};
  const model::Peer three_{.uid = 3, .gid = 3, .pid = 3, .groups = {}, .unit = {}};
  FairQueue queue_;
};

TEST_F(FairQueueTest, OneUsersRequestsStayInOrder) {
  for (int i = 0; i < 4; ++i) push(one_, i);
  EXPECT_EQ(queue_.size(), 4U);
  EXPECT_EQ(all(), "1:0 1:1 1:2 1:3 ");
  EXPECT_EQ(queue_.size(), 0U);
}

TEST_F(FairQueueTest, WhoeverComesAfterAFloodWaitsForOneOfIt) {
  for (int i = 0; i < 5; ++i) push(one_, i);
  push(two_, 0);
  push(two_, 1);
  push(three_, 0);
  EXPECT_EQ(all(), "1:0 2:0 3:0 1:1 2:1 1:2 1:3 1:4 ");
}

TEST_F(FairQueueTest, AUserWhoHadHisTurnGoesToTheEnd) {
  push(one_, 0);
  push(two_, 0);
  push(two_, 1);
  EXPECT_EQ(queue_.pop()->peer.uid, 1U);
  push(one_, 1);
  EXPECT_EQ(all(), "2:0 1:1 2:1 ");
}

TEST_F(FairQueueTest, WhoHasNothingWaitingHasNoTurn) {
  for (int round = 0; round < 3; ++round) {
    push(one_, round);
    push(two_, round);
    EXPECT_EQ(all(), "1:" + std::to_string(round) + " 2:" + std::to_string(round) + " ");
  }
}

TEST_F(FairQueueTest, TakesAnyNumberOfUsers) {
  std::vector<model::Peer> peers(100, one_);
  for (std::size_t i = 0; i < peers.size(); ++i) peers[i].uid = static_cast<uid_t>(i);
  for (int round = 0; round < 2; ++round) {
    for (const model::Peer& peer : peers) push(peer, round);
  }
  for (int round = 0; round < 2; ++round) {
    for (const model::Peer& peer : peers) {
      const FairQueue::Job job = queue_.pop();
      EXPECT_EQ(job->peer.uid, peer.uid);
      EXPECT_EQ(job->runs, round);
    }
  }
  EXPECT_TRUE(queue_.empty());
}

TEST_F(FairQueueTest, AFullOneRefusesAndLeavesTheRequestToItsOwner) {
  // No thread takes anything, so what is in it stays.
  Workers workers(0, 2, [](Workers::Job) {});
  for (int i = 0; i < 3; ++i) {
    auto job = std::make_unique<Exchange>(nullptr, one_, HttpRequest{});
    EXPECT_EQ(workers.submit(job), i < 2);
    EXPECT_EQ(job == nullptr, i < 2);
  }
}

}  // namespace
}  // namespace coffer::daemon
