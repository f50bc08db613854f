// The load generator counts only whole, good answers, and sends what it was told to.
#include <gtest/gtest.h>

#include "answers.h"
#include "requests.h"

namespace coffer::bench {
namespace {

constexpr std::string_view kOk =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\ncontent-length: 5\r\n\r\nhello";

TEST(HttpAnswer, IsGoodOnlyOnceItsLastByteIsThere) {
  for (std::size_t size = 0; size < kOk.size(); ++size) {
    EXPECT_EQ(scan_http(kOk.substr(0, size)), AnswerState::partial) << size;
  }
  EXPECT_EQ(scan_http(kOk), AnswerState::good);
}

TEST(HttpAnswer, WithoutALengthHasNoBody) {
  EXPECT_EQ(scan_http("HTTP/1.1 204 No Content\r\n\r\n"), AnswerState::good);
}

TEST(HttpAnswer, WithAnotherStatusIsRefused) {
  EXPECT_EQ(scan_http("HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\n{}"), AnswerState::refused);
  EXPECT_EQ(scan_http("HTTP/1.1 403 Forbidden\r\n\r\n"), AnswerState::refused);
}

TEST(HttpAnswer, ThatIsToBeADenialIsGoodWith403Alone) {
  EXPECT_EQ(scan_denial("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\n{}"),
            AnswerState::good);
  EXPECT_EQ(scan_denial("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\n{"),
            AnswerState::partial);
  EXPECT_EQ(scan_denial("HTTP/1.1 404 Not Found\r\n\r\n"), AnswerState::refused);
  EXPECT_EQ(scan_denial(kOk), AnswerState::refused);
}

TEST(HttpAnswer, FollowedByBytesThatNoOneAskedForIsBroken) {
  EXPECT_EQ(scan_http(std::string(kOk) + "H"), AnswerState::broken);
}

TEST(HttpAnswer, OfAnotherProtocolIsBroken) {
  EXPECT_EQ(scan_http("SMTP 200 hello\r\n\r\n"), AnswerState::broken);
  EXPECT_EQ(scan_http("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), AnswerState::broken);
}

TEST(RespAnswer, IsGoodOnlyOnceItsLastByteIsThere) {
  constexpr std::string_view kValue = "$5\r\nhello\r\n";
  for (std::size_t size = 0; size < kValue.size(); ++size) {
    EXPECT_EQ(scan_resp(kValue.substr(0, size)), AnswerState::partial) << size;
  }
  EXPECT_EQ(scan_resp(kValue), AnswerState::good);
  EXPECT_EQ(scan_resp("+OK\r\n"), AnswerState::good);
}

TEST(RespAnswer, OfNilOrAnErrorIsRefused) {
  EXPECT_EQ(scan_resp("$-1\r\n"), AnswerState::refused);
  EXPECT_EQ(scan_resp("-ERR unknown\r\n"), AnswerState::refused);
}

TEST(RequestText, PutsTheNumberIntoEveryPlaceWithLeadingZeros) {
  const RequestText text("GET /{n} {n}", 1000);
  std::string buffer = text.blank();
  text.number(buffer, 7);
  EXPECT_EQ(buffer, "GET /007 007");
  text.number(buffer, 1234);
  EXPECT_EQ(buffer, "GET /234 234");
}

TEST(RequestText, WithoutAPlaceStaysAsItIs) {
  const RequestText text("PING", 1);
  std::string buffer = text.blank();
  text.number(buffer, 99);
  EXPECT_EQ(buffer, "PING");
}

TEST(RespCommand, CountsTheDigitsThatANumberWillHave) {
  EXPECT_EQ(resp_command("GET key", 1), "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n");
  EXPECT_EQ(resp_command("GET k{n}", 100), "*2\r\n$3\r\nGET\r\n$3\r\nk{n}\r\n");
  const RequestText text(resp_command("GET k{n}", 10000), 10000);
  EXPECT_EQ(text.blank(), "*2\r\n$3\r\nGET\r\n$5\r\nk0000\r\n");
}

}  // namespace
}  // namespace coffer::bench
