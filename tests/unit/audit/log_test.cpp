// What append() writes: numbers, chain, the first open request; one write a call.
#include "coffer/audit/log.h"

#include <thread>

#include "coffer/model/fields.h"
#include "log_kit.h"

namespace coffer::audit {
namespace {

using test::event;
using test::finished;
using test::hash_of;
using test::request;
using test::response;

class AppendTest : public test::LogTest {};

TEST_F(AppendTest, NewLogStartsWithALineThatSaysSo) {
  open();
  const auto written = lines();
  ASSERT_EQ(written.size(), 1U);
  EXPECT_EQ(written[0],
            finished("{\"time\":\"2026-01-01T00:00:00Z\",\"type\":\"start\",\"format\":1,"
                     "\"cut_bytes\":0,\"interrupted\":0",
                     1, 0, std::string(64, '0')));
  expect_good(1);
}

TEST_F(AppendTest, EachLineHoldsTheHashOfTheLineBefore) {
  const auto log = open();
  append(*log, {request(1), response(1)});
  append(*log, {request(2), response(2)});
  const auto written = lines();
  ASSERT_EQ(written.size(), 5U);
  for (std::size_t i = 1; i < written.size(); ++i) {
    EXPECT_NE(written[i].find("\"prev\":\"" + hash_of(written[i - 1]) + "\"}"), std::string::npos);
  }
  expect_good(5);
}

TEST_F(AppendTest, TheHeadIsTheNewestLineAsTheNextOneWillNameIt) {
  const auto log = open();
  append(*log, {request(1), response(1)});
  const LogHead head = log->head();
  EXPECT_EQ(head.sequence, 3U);
  EXPECT_EQ(head.hash, hash_of(lines().back()));
  append(*log, {event("stop")});
  EXPECT_NE(lines().back().find("\"prev\":\"" + head.hash + "\"}"), std::string::npos);
  EXPECT_EQ(log->head().sequence, 4U);
}

TEST_F(AppendTest, LinesAreBodiesWithNodeSequenceOpenAndPrevious) {
  const auto log = open();
  append(*log, {request(1, ",\"peer\":{}")});
  EXPECT_EQ(lines()[1], finished(request(1).body + ",\"peer\":{}", 2, 2, hash_of(lines()[0])));
}

TEST_F(AppendTest, EveryLineIsOneJsonObjectWithoutDuplicateNames) {
  const auto log = open();
  append(*log, {request(1), event("stop"), response(1)});
  for (const std::string& line : lines()) {
    EXPECT_TRUE(model::Fields::parse(line).ok()) << line;
  }
}

TEST_F(AppendTest, OpenIsTheFirstRequestWithoutAResponse) {
  const auto log = open();
  append(*log, {request(1), request(2)});      // 2, 3
  append(*log, {response(2)});                 // 4: request 1 is open still
  append(*log, {request(3), response(1)});     // 5, 6: now request 3 is the first
  append(*log, {event("note"), response(3)});  // 7, 8: none
  const std::vector<std::string> open = {"0", "2", "2", "2", "2", "5", "5", "0"};
  const auto written = lines();
  ASSERT_EQ(written.size(), open.size());
  for (std::size_t i = 0; i < open.size(); ++i) {
    EXPECT_NE(written[i].find(",\"open\":" + open[i] + ",\"prev\""), std::string::npos) << i;
  }
  expect_good(8);
}

TEST_F(AppendTest, RequestThatRunsAgainKeepsItsFirstSequence) {
  const auto log = open();
  append(*log, {request(1)});
  append(*log, {request(1), response(1)});
  EXPECT_NE(lines()[2].find("\"seq\":3,\"open\":2,"), std::string::npos);
  EXPECT_NE(lines()[3].find("\"seq\":4,\"open\":0,"), std::string::npos);
  expect_good(4);
}

TEST_F(AppendTest, NextSequenceCountsLines) {
  const auto log = open();
  EXPECT_EQ(log->next_sequence(), 2U);
  append(*log, {request(1), response(1)});
  EXPECT_EQ(log->next_sequence(), 4U);
}

TEST_F(AppendTest, NoLinesIsNoChange) {
  const auto log = open();
  append(*log, {});
  EXPECT_EQ(lines().size(), 1U);
}

TEST_F(AppendTest, LongLinesAreWrittenWhole) {
  const auto log = open();
  const std::string member = ",\"x\":\"" + std::string(5U << 20U, 'x') + "\"";
  append(*log, {request(1, member), response(1)});
  expect_good(3);
  append(*log, {request(2), response(2)}, true);
  expect_good(5);
}

/// A log that a verifier would refuse must not come to be.
class RefusedBodyTest : public AppendTest, public ::testing::WithParamInterface<Line> {};

TEST_P(RefusedBodyTest, IsInternalAndLeavesTheLogAsItWas) {
  const auto log = open();
  append(*log, {request(7)});
  const std::string before = test::read_all(segment());
  const auto refused = log->append(std::vector<Line>{request(8), GetParam()}, true);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::internal);
  EXPECT_EQ(test::read_all(segment()), before);
  EXPECT_EQ(log->next_sequence(), 3U);
  append(*log, {response(7)});
  expect_good(3);
}

Line with_body(Line line, std::string body) {
  line.body = std::move(body);
  return line;
}
Line of_request(Line line, std::uint64_t number) {
  line.request = test::id_of(number);
  return line;
}
Line of_kind(Line line, Line::Kind kind) {
  line.kind = kind;
  return line;
}

INSTANTIATE_TEST_SUITE_P(Bodies, RefusedBodyTest,
                         ::testing::Values(with_body(event("x"), "{"), with_body(event("x"), ""),
                                           with_body(event("x"), "{\"type\":\"x\""), event("Type"),
                                           event(""), request(1, "\n"),
                                           request(1, std::string_view("\0", 1)),
                                           of_request(request(1), 2),
                                           of_kind(request(1), Line::Kind::response),
                                           of_kind(request(1), Line::Kind::system),
                                           of_kind(event("x"), Line::Kind::request),
                                           of_kind(response(7), Line::Kind::request),
                                           test::line_of(Line::Kind::system, "response", 1),
                                           test::line_of(Line::Kind::system, "interrupted", 1)));

TEST_F(AppendTest, ResponseWithoutItsRequestIsRefused) {
  const auto log = open();
  EXPECT_EQ(log->append(std::vector<Line>{response(1)}, false).error().code, ErrorCode::internal);
  append(*log, {request(1), response(1)});
  EXPECT_EQ(log->append(std::vector<Line>{response(1)}, false).error().code, ErrorCode::internal);
  expect_good(3);
}

TEST_F(AppendTest, ThreadsShareOneChain) {
  const auto log = open();
  constexpr std::uint64_t kThreads = 4;
  constexpr std::uint64_t kRequests = 200;
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint64_t i = 0; i < kRequests; ++i) {
        append(*log, {request(t * kRequests + i)}, true);
        EXPECT_TRUE(log->check().ok());
        append(*log, {response(t * kRequests + i)}, i % 2 == 0);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(log->next_sequence(), 2 + 2 * kThreads * kRequests);
  expect_good(1 + 2 * kThreads * kRequests);
}

}  // namespace
}  // namespace coffer::audit
