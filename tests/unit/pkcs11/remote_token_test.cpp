// RemoteToken over a socket pair, with a server on the other end that is real, slow, or wrong.
#include "coffer/pkcs11/remote_token.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <thread>

#include "coffer/base/codec.h"
#include "coffer/pkcs11/token_server.h"
#include "coffer/pkcs11/worker_protocol.h"
#include "fakes/fake_token.h"
#include "pkcs11/src/call_table.h"

namespace coffer::pkcs11 {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Bytes bytes(std::string_view text) { return to_bytes(as_bytes(text)); }

class RemoteTokenTest : public testing::Test {
 protected:
  void SetUp() override {
    auto ends = PacketSocket::pair();
    ASSERT_TRUE(ends.ok());
    worker_ = std::move(ends->second);
    connect(std::move(ends->first), seconds(5));
  }
  void TearDown() override {
    token_.reset();
    worker_.shut();
    if (serving_.joinable()) serving_.join();
  }
  void connect(PacketSocket socket, milliseconds deadline) {
    auto made = RemoteToken::make(std::move(socket), deadline);
    ASSERT_TRUE(made.ok());
    token_ = *std::move(made);
  }
  void connect_anew(milliseconds deadline) {
    auto ends = PacketSocket::pair();
    ASSERT_TRUE(ends.ok());
    worker_ = std::move(ends->second);
    connect(std::move(ends->first), deadline);
  }
  void serve(std::size_t threads = 4) {
    serving_ = std::thread([this, threads] { served_ = serve_token(fake_, worker_, threads); });
  }
  /// The id of the next request. Its fields aren't looked at.
  std::uint64_t next_request() {
    Bytes room(kMaxPacket);
    const auto size = worker_.receive(room);
    if (!size.ok() || *size == 0) return 0;
    return *Reader(ByteView(room).first(*size)).u64();
  }
  void answer(std::uint64_t id, std::string_view body) {
    const Bytes head = encode_ok(id);
    const ByteView parts[] = {head, as_bytes(body)};
    EXPECT_TRUE(worker_.send(parts, std::chrono::steady_clock::now() + seconds(5)).ok());
  }
  std::future<Result<Bytes>> ask(std::string_view message) {
    return std::async(std::launch::async,
                      [this, text = bytes(message)] { return token_->sign(key_, text); });
  }

  const KeyRef key_{{1}};
  fakes::FakeToken fake_;
  PacketSocket worker_;
  std::unique_ptr<RemoteToken> token_;
  std::thread serving_;
  Result<void> served_;
};

TEST_F(RemoteTokenTest, AnswersMayComeInAnyOrder) {
  std::vector<std::future<Result<Bytes>>> calls;
  std::vector<std::uint64_t> ids;
  for (int i = 0; i < 8; ++i) {
    calls.push_back(ask("x"));
    ids.push_back(next_request());
  }
  for (std::size_t i = ids.size(); i-- > 0;) answer(ids[i], "answer " + std::to_string(i));
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const auto result = calls[i].get();
    ASSERT_TRUE(result.ok()) << describe(result.error());
    EXPECT_EQ(as_text(*result), "answer " + std::to_string(i));
  }
}

/// Each caller's answer depends on what it asked, so a swap of two would show.
TEST_F(RemoteTokenTest, SixteenCallersEachGetTheirOwn) {
  ASSERT_TRUE(fake_.generate(KeyRole::kek, key_, "kek").ok());
  serve();
  std::atomic<int> good{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 16; ++c) {
    callers.emplace_back([&, c] {
      for (int i = 0; i < 100; ++i) {
        const std::string plain = "key " + std::to_string(c) + "/" + std::to_string(i);
        const auto secret = SecureBytes::copy_of(as_bytes(plain));
        const auto wrapped = token_->wrap(key_, *secret, bytes("context"));
        if (!wrapped.ok()) continue;
        const auto opened = token_->unwrap(key_, *wrapped, bytes("context"));
        if (opened.ok() && as_text(opened->expose(Reveal{"a test compares"})) == plain) ++good;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(good.load(), 1600);
}

TEST_F(RemoteTokenTest, ErrorsOfTheTokenComeWithCodeTextAndCause) {
  fake_.fail_nth(fakes::FakeToken::Method::random, 1,
                 make_error(ErrorCode::resource_exhausted, "no session", "C_OpenSession"));
  serve(1);
  const auto failed = token_->random(8);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, ErrorCode::resource_exhausted);
  EXPECT_EQ(failed.error().text, "no session");
  EXPECT_EQ(failed.error().cause, "C_OpenSession");
  EXPECT_TRUE(token_->random(8).ok()) << "an error of the token isn't the worker's death";
}

TEST_F(RemoteTokenTest, ACallWithoutAnAnswerKillsTheTokenAndAllThatWait) {
  connect_anew(milliseconds(200));
  std::vector<std::future<Result<Bytes>>> calls;
  for (int i = 0; i < 4; ++i) calls.push_back(ask("x"));
  for (auto& call : calls) {
    const auto result = call.get();
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, ErrorCode::unavailable);
  }
  EXPECT_TRUE(token_->dead());
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(token_->info().error().code, ErrorCode::unavailable);
  EXPECT_LT(std::chrono::steady_clock::now() - before, milliseconds(100)) << "waits for nothing";
}

TEST_F(RemoteTokenTest, AWorkerThatDiesFailsAllThatWaitAtOnce) {
  std::vector<std::future<Result<Bytes>>> calls;
  for (int i = 0; i < 4; ++i) {
    calls.push_back(ask("x"));
    ASSERT_NE(next_request(), 0U);
  }
  EXPECT_FALSE(token_->dead());
  worker_ = PacketSocket();
  for (auto& call : calls) {
    const auto result = call.get();
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, ErrorCode::unavailable);
  }
  EXPECT_TRUE(token_->dead());
}

TEST_F(RemoteTokenTest, NoticesADeathThoughNobodyCalls) {
  EXPECT_FALSE(token_->dead());
  worker_ = PacketSocket();
  EXPECT_TRUE(token_->dead());
  EXPECT_EQ(token_->random(8).error().code, ErrorCode::unavailable);
}

TEST_F(RemoteTokenTest, AnAnswerThatNobodyAskedForEndsIt) {
  auto call = ask("x");
  answer(next_request() + 1, "somebody else's");
  EXPECT_EQ(call.get().error().code, ErrorCode::unavailable);
  EXPECT_TRUE(token_->dead());
}

TEST_F(RemoteTokenTest, AnAnswerTwiceEndsIt) {
  auto first = ask("x");
  const std::uint64_t id = next_request();
  auto second = ask("y");
  ASSERT_NE(next_request(), 0U);
  answer(id, "once");
  answer(id, "twice");
  EXPECT_TRUE(first.get().ok());
  EXPECT_EQ(second.get().error().code, ErrorCode::unavailable);
}

TEST_F(RemoteTokenTest, WhatIsNoAnswerEndsIt) {
  for (const std::string_view nonsense : {std::string_view("x"), std::string_view("12345678", 8)}) {
    connect_anew(seconds(5));
    auto call = ask("x");
    const Bytes id = Bytes{0, 0, 0, 0, 0, 0, 0, 1};
    next_request();
    const ByteView parts[] = {nonsense.size() == 8 ? ByteView(id) : as_bytes(nonsense)};
    ASSERT_TRUE(worker_.send(parts, std::chrono::steady_clock::now() + seconds(5)).ok());
    EXPECT_FALSE(call.get().ok());
    EXPECT_TRUE(token_->dead());
  }
}

TEST_F(RemoteTokenTest, NothingIsQueuedWithoutBound) {
  CallTable table(worker_, SecureBytes());
  std::vector<CallTable::Waiter*> waiting;
  for (std::size_t i = 0; i < CallTable::kMostCalls; ++i) {
    const auto waiter = table.begin();
    ASSERT_TRUE(waiter.ok());
    waiting.push_back(*waiter);
  }
  EXPECT_EQ(table.begin().error().code, ErrorCode::resource_exhausted);
  table.finish(*waiting.back());
  EXPECT_TRUE(table.begin().ok());
}

TEST_F(RemoteTokenTest, ASlowCallHoldsUpNoOther) {
  auto slow = ask("slow");
  const std::uint64_t id = next_request();
  for (int i = 0; i < 3; ++i) {
    auto quick = ask("quick");
    answer(next_request(), "quick");
    EXPECT_TRUE(quick.get().ok());
  }
  answer(id, "slow");
  EXPECT_TRUE(slow.get().ok());
}

TEST_F(RemoteTokenTest, TheServerStopsAtWhatIsNoCall) {
  for (const std::string_view nonsense :
       {std::string_view("nonsense"), std::string_view("\0", 1)}) {
    connect_anew(seconds(5));
    auto ends = PacketSocket::pair();
    ASSERT_TRUE(ends.ok());
    const ByteView parts[] = {as_bytes(nonsense)};
    ASSERT_TRUE(ends->first.send(parts, std::chrono::steady_clock::now() + seconds(5)).ok());
    std::atomic<int> endings{0};
    const auto served = serve_token(fake_, ends->second, 3, [&] { ++endings; });
    ASSERT_FALSE(served.ok());
    EXPECT_EQ(served.error().code, ErrorCode::corrupt);
    EXPECT_EQ(endings.load(), 1);
  }
}

TEST_F(RemoteTokenTest, TheServerEndsWhenTheTokenIsClosed) {
  serve();
  EXPECT_TRUE(token_->random(8).ok());
  token_.reset();
  serving_.join();
  EXPECT_TRUE(served_.ok());
}

}  // namespace
}  // namespace coffer::pkcs11
