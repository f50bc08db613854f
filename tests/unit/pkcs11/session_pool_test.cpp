// The pool over functions that only count.
#include "pkcs11/src/session_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>

namespace coffer::pkcs11 {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

std::mutex counting;
std::atomic<int> opened;
std::atomic<int> closed;
std::atomic<int> most_open;
std::atomic<CK_ULONG> token_limit;
std::atomic<CK_RV> digest_answer;

CK_RV initialise(void*) { return CKR_OK; }
CK_RV finalise(void*) { return CKR_OK; }
CK_RV open_session(CK_SLOT_ID, CK_FLAGS, void*, CK_NOTIFY, CK_SESSION_HANDLE* handle) {
  const std::lock_guard lock(counting);
  const int now = opened - closed;
  if (static_cast<CK_ULONG>(now) >= token_limit) return CKR_SESSION_COUNT;
  *handle = static_cast<CK_SESSION_HANDLE>(++opened);
  most_open = std::max(most_open.load(), now + 1);
  return CKR_OK;
}
CK_RV close_session(CK_SESSION_HANDLE) {
  // Long enough for another thread to open one too early.
  std::this_thread::yield();
  const std::lock_guard lock(counting);
  ++closed;
  return CKR_OK;
}
CK_RV get_session_info(CK_SESSION_HANDLE, CK_SESSION_INFO*) { return digest_answer; }

class Pool : public testing::Test {
 protected:
  void SetUp() override {
    opened = 0;
    closed = 0;
    most_open = 0;
    token_limit = 1000;
    digest_answer = CKR_OK;
    list_.C_Initialize = initialise;
    list_.C_Finalize = finalise;
    list_.C_OpenSession = open_session;
    list_.C_CloseSession = close_session;
    list_.C_GetSessionInfo = get_session_info;
    module_ = Module::adopt(&list_);
    ASSERT_TRUE(module_->initialise().ok());
  }
  static Result<void> use(Session& session) {
    CK_SESSION_INFO info{};
    return session.call("C_GetSessionInfo", &CK_FUNCTION_LIST::C_GetSessionInfo, &info);
  }

  CK_FUNCTION_LIST list_{};
  std::unique_ptr<Module> module_;
};

TEST_F(Pool, KeepsASessionThatServedWell) {
  SessionPool pool(*module_, 0, 4, milliseconds(50));
  for (int i = 0; i < 100; ++i) {
    auto lease = pool.lease();
    ASSERT_TRUE(lease.ok());
    EXPECT_TRUE(use(lease->session()).ok());
  }
  EXPECT_EQ(opened, 1);
  EXPECT_EQ(closed, 0);
}

TEST_F(Pool, ClosesASessionThatSawAFailure) {
  SessionPool pool(*module_, 0, 4, milliseconds(50));
  {
    auto lease = pool.lease();
    ASSERT_TRUE(lease.ok());
    digest_answer = CKR_ARGUMENTS_BAD;
    EXPECT_FALSE(use(lease->session()).ok());
    // A good call later doesn't make it good again.
    digest_answer = CKR_OK;
    EXPECT_TRUE(use(lease->session()).ok());
    EXPECT_EQ(lease->session().failure(), CKR_ARGUMENTS_BAD);
  }
  EXPECT_EQ(closed, 1);
  ASSERT_TRUE(pool.lease().ok());
  EXPECT_EQ(opened, 2);
}

TEST_F(Pool, AnExhaustedPoolSaysSoAfterItsPatience) {
  SessionPool pool(*module_, 0, 2, milliseconds(60));
  auto one = pool.lease();
  auto two = pool.lease();
  ASSERT_TRUE(one.ok() && two.ok());
  const auto before = Clock::now();
  const auto three = pool.lease();
  const auto waited = Clock::now() - before;
  ASSERT_FALSE(three.ok());
  EXPECT_EQ(three.error().code, ErrorCode::resource_exhausted);
  EXPECT_NE(three.error().text.find("60 ms"), std::string::npos);
  EXPECT_GE(waited, milliseconds(60));
  EXPECT_LT(waited, milliseconds(2000));
  EXPECT_EQ(opened, 2);
}

TEST_F(Pool, AWaiterGetsWhatComesFree) {
  SessionPool pool(*module_, 0, 1, milliseconds(5000));
  auto held = std::make_unique<Result<SessionPool::Lease>>(pool.lease());
  ASSERT_TRUE(held->ok());
  std::thread other([&] {
    std::this_thread::sleep_for(milliseconds(30));
    held.reset();
  });
  EXPECT_TRUE(pool.lease().ok());
  other.join();
  EXPECT_EQ(opened, 1);
}

TEST_F(Pool, AWaiterAlsoGetsThePlaceOfAFailedSession) {
  SessionPool pool(*module_, 0, 1, milliseconds(5000));
  auto held = std::make_unique<Result<SessionPool::Lease>>(pool.lease());
  ASSERT_TRUE(held->ok());
  (*held)->session().distrust();
  std::thread other([&] {
    std::this_thread::sleep_for(milliseconds(30));
    held.reset();
  });
  EXPECT_TRUE(pool.lease().ok());
  other.join();
  EXPECT_EQ(opened, 2);
}

TEST_F(Pool, AFullTokenIsTriedAgainUntilOthersGiveWay) {
  token_limit = 0;
  SessionPool pool(*module_, 0, 4, milliseconds(5000));
  std::thread other([&] {
    std::this_thread::sleep_for(milliseconds(50));
    token_limit = 1;
  });
  EXPECT_TRUE(pool.lease().ok());
  other.join();
  token_limit = 0;
  SessionPool impatient(*module_, 0, 4, milliseconds(30));
  const auto refused = impatient.lease();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::resource_exhausted);
  EXPECT_EQ(refused.error().cause, "C_OpenSession: CKR_SESSION_COUNT");
}

TEST_F(Pool, AFailureToOpenGivesThePlaceBack) {
  SessionPool pool(*module_, 0, 1, milliseconds(50));
  list_.C_OpenSession = [](CK_SLOT_ID, CK_FLAGS, void*, CK_NOTIFY, CK_SESSION_HANDLE*) -> CK_RV {
    return CKR_DEVICE_REMOVED;
  };
  for (int i = 0; i < 3; ++i) {
    const auto refused = pool.lease();
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  }
  list_.C_OpenSession = open_session;
  EXPECT_TRUE(pool.lease().ok());
}

TEST_F(Pool, DroppingClosesTheIdleAndSparesTheLeased) {
  SessionPool pool(*module_, 0, 4, milliseconds(50));
  auto kept = pool.lease();
  { auto idle = pool.lease(); }
  ASSERT_TRUE(kept.ok());
  pool.drop_idle();
  EXPECT_EQ(opened, 2);
  EXPECT_EQ(closed, 1);
  EXPECT_TRUE(use(kept->session()).ok());
}

TEST_F(Pool, NeverMoreSessionsThanItsLimit) {
  SessionPool pool(*module_, 0, 3, milliseconds(10000));
  std::atomic<int> served{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        auto lease = pool.lease();
        if (!lease.ok()) return;
        if ((i + t) % 7 == 0) lease->session().distrust();
        if ((i + t) % 50 == 0) pool.drop_idle();
        ++served;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(served, 16 * 200);
  EXPECT_LE(most_open, 3);
}

TEST_F(Pool, AfterFinaliseNothingIsCalledAnyMore) {
  {
    SessionPool pool(*module_, 0, 4, milliseconds(50));
    { auto lease = pool.lease(); }
    module_->finalise();
    const auto refused = pool.lease();
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  }
  EXPECT_EQ(closed, 0);
}

}  // namespace
}  // namespace coffer::pkcs11
