#include "coffer/base/thread.h"

#include <gtest/gtest.h>

#include "fakes/no_threads.h"

namespace coffer {
namespace {

TEST(StartThread, RunsWhatItIsGiven) {
  int ran = 0;
  auto thread = start_thread([&ran] { ++ran; });
  ASSERT_TRUE(thread.ok());
  thread->join();
  EXPECT_EQ(ran, 1);
}

TEST(StartThread, ThatThereIsNoneIsAnError) {
  const fakes::NoThreads none;
  const auto thread = start_thread([] { ADD_FAILURE() << "it ran"; });
  ASSERT_FALSE(thread.ok());
  EXPECT_EQ(thread.error().code, ErrorCode::resource_exhausted);
}

}  // namespace
}  // namespace coffer
