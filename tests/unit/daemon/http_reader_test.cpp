// Messages off the wire: the same meaning in any fragmentation, limits, refusals.
#include "src/daemon/http_reader.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace coffer::daemon {
namespace {

using State = HttpReader::State;

Result<State> feed(HttpReader& reader, std::string_view bytes, std::size_t step) {
  Result<State> state = reader.state();
  while (!bytes.empty()) {
    const MutableByteView space = reader.space();
    const std::size_t size = std::min({step, bytes.size(), space.size()});
    std::copy_n(bytes.begin(), size, space.begin());
    bytes.remove_prefix(size);
    state = reader.received(size);
    if (!state.ok()) return state;
  }
  return state;
}

ErrorCode refusal(std::string_view bytes) {
  HttpReader reader;
  const auto state = feed(reader, bytes, 64);
  EXPECT_FALSE(state.ok()) << bytes.substr(0, 80);
  return state.ok() ? ErrorCode::internal : state.error().code;
}

const std::string kPut =
    "PUT /v1/secret/data/app HTTP/1.1\r\nHost: localhost\r\nContent-Length: 11\r\n\r\n"
    "{\"data\":{}}";
const std::string kChunked =
    "PUT /v1/secret/data/app HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    "4\r\n{\"da\r\n7\r\nta\":{}}\r\n0\r\n\r\n";

TEST(HttpReader, MeansTheSameInEveryFragmentation) {
  for (const std::string& message : {kPut, kChunked}) {
    for (std::size_t step = 1; step <= message.size(); ++step) {
      HttpReader reader;
      const auto state = feed(reader, message, step);
      ASSERT_TRUE(state.ok()) << step << ": " << state.error().text;
      ASSERT_EQ(*state, State::done) << step;
      const HttpRequest request = reader.take();
      EXPECT_EQ(request.body(), "{\"data\":{}}");
      EXPECT_EQ(request.target(), "/v1/secret/data/app");
      EXPECT_EQ(request.method_string(), "PUT");
    }
  }
}

TEST(HttpReader, ReadsOneMessageAfterAnother) {
  HttpReader reader;
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(*feed(reader, kPut, 17), State::done);
    EXPECT_EQ(reader.take().body().size(), 11U);
    EXPECT_EQ(reader.state(), State::idle);
  }
}

// Of a long message and a shorter one after it, in any fragmentation: nothing stays.
TEST(HttpReader, WipesWhatWasReadOnceItIsTaken) {
  for (const std::size_t step : {1U, 64U, 1000U, 5000U}) {
    HttpReader reader;
    const std::string body(3000, 'x');
    const std::string longer =
        "PUT /v1/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000\r\n\r\n" + body;
    for (const std::string& message : {longer, kPut, kChunked}) {
      ASSERT_EQ(*feed(reader, message, step), State::done);
      static_cast<void>(reader.take());
      const MutableByteView all = reader.space();
      EXPECT_TRUE(std::all_of(all.begin(), all.end(), [](std::uint8_t byte) { return byte == 0; }))
          << step;
    }
  }
}

TEST(HttpReader, KeepsMethodsThatHttpLibrariesDontKnow) {
  HttpReader reader;
  ASSERT_EQ(*feed(reader, "LIST /v1/secret/metadata/ HTTP/1.1\r\nHost: a\r\n\r\n", 9), State::done);
  EXPECT_EQ(reader.take().method_string(), "LIST");
}

TEST(HttpReader, SaysWhichPartItIsIn) {
  HttpReader reader;
  EXPECT_EQ(reader.state(), State::idle);
  EXPECT_EQ(*feed(reader, kPut.substr(0, 10), 10), State::head);
  EXPECT_EQ(*feed(reader, kPut.substr(10, kPut.size() - 15), 1000), State::body);
  EXPECT_EQ(*feed(reader, kPut.substr(kPut.size() - 5), 5), State::done);
}

TEST(HttpReader, RefusesWhatFollowsAMessage) {
  EXPECT_EQ(refusal(kPut + "GET"), ErrorCode::invalid_argument);
  EXPECT_EQ(refusal("GET /v1/a HTTP/1.1\r\nHost: a\r\n\r\nGET"), ErrorCode::invalid_argument);
}

TEST(HttpReader, BoundsTheHead) {
  std::string long_head = "GET /v1/a HTTP/1.1\r\nHost: a\r\n";
  while (long_head.size() <= kMaxHead) long_head += "X-Pad: " + std::string(1000, 'x') + "\r\n";
  EXPECT_EQ(refusal(long_head + "\r\n"), ErrorCode::too_large);
  EXPECT_EQ(refusal(long_head), ErrorCode::too_large);  // its end need not come
}

std::string put_of(const std::string& target, std::size_t size) {
  return "PUT " + target + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) +
         "\r\n\r\n";
}

TEST(HttpReader, BoundsTheBodyByItsAnnouncedLength) {
  EXPECT_EQ(refusal(put_of("/v1/secret/data/a", kMaxBody + 1)), ErrorCode::too_large);
  HttpReader reader;
  EXPECT_EQ(*feed(reader, put_of("/v1/secret/data/a", kMaxBody), 64), State::body);
  ASSERT_EQ(*feed(reader, std::string(kMaxBody, 'x'), 4096), State::done);
  EXPECT_EQ(reader.take().body().size(), kMaxBody);
}

TEST(HttpReader, BoundsLoginBodiesTighter) {
  const std::string login = "/v1/auth/userpass/login/bob";
  EXPECT_EQ(refusal(put_of(login, kMaxLoginBody + 1)), ErrorCode::too_large);
  HttpReader reader;
  EXPECT_EQ(*feed(reader, put_of(login, kMaxLoginBody), 64), State::body);
}

TEST(HttpReader, BoundsAChunkedBodyAsItGrows) {
  std::string message =
      "PUT /v1/a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 17; ++i) message += "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  EXPECT_EQ(refusal(message), ErrorCode::too_large);
}

TEST(HttpReader, RefusesBrokenChunks) {
  const std::string head =
      "PUT /v1/a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const char* body : {"g\r\nx\r\n0\r\n\r\n", "-1\r\nx\r\n0\r\n\r\n", "1\nx\n0\n\n",
                           "2\r\nx\r\n0\r\n\r\n", "fffffffffffffffff\r\nx\r\n0\r\n\r\n"}) {
    HttpReader reader;
    const auto state = feed(reader, head + body, 1000);
    EXPECT_TRUE(!state.ok() || *state != State::done) << body;
  }
}

TEST(HttpReader, SmugglingShapesAreRefused) {
  const std::string start = "PUT /v1/a HTTP/1.1\r\nHost: a\r\n";
  for (const char* rest :
       {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "Content-Length: +5\r\n\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", "Content-Length: 0x5\r\n\r\n",
        "Transfer-Encoding: chunked, gzip\r\n\r\n", "Content-Length : 5\r\n\r\n",
        "X: a\r\n folded\r\n\r\n", "X: a\nY: b\r\n\r\n"}) {
    EXPECT_EQ(refusal(start + rest), ErrorCode::invalid_argument) << rest;
  }
}

}  // namespace
}  // namespace coffer::daemon
