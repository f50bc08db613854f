#include "coffer/base/mutex.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

namespace coffer {
namespace {

using namespace std::chrono_literals;

class Counter {
 public:
  void add() {
    const MutexLock lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  void wait_for_count(int wanted) {
    const MutexLock lock(mutex_);
    while (count_ < wanted) changed_.wait(mutex_);
  }
  bool woken_within(std::chrono::milliseconds timeout) {
    const MutexLock lock(mutex_);
    return changed_.wait_for(mutex_, timeout);
  }
  int count() {
    const MutexLock lock(mutex_);
    return count_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int count_ COFFER_GUARDED_BY(mutex_) = 0;
};

TEST(Mutex, LetsOneThreadInAtATime) {
  Counter counter;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&counter] {
      for (int k = 0; k < 1000; ++k) counter.add();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter.count(), 4000);
}

TEST(CondVar, WakesAWaiter) {
  Counter counter;
  std::thread adder([&counter] {
    for (int i = 0; i < 3; ++i) counter.add();
  });
  counter.wait_for_count(3);
  adder.join();
  EXPECT_EQ(counter.count(), 3) << "the lock works on after a wait";
}

TEST(CondVar, GivesUpAfterItsTimeout) {
  Counter counter;
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(counter.woken_within(20ms));
  EXPECT_GE(std::chrono::steady_clock::now() - start, 20ms);
  counter.add();
  EXPECT_EQ(counter.count(), 1) << "the lock works on after a timeout";
}

}  // namespace
}  // namespace coffer
