#include "coffer/faces/vault/http_head.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>
#include <vector>

namespace coffer::faces::vault {
namespace {

using namespace std::string_literals;

constexpr std::string_view kAccepted = "accepted";

std::string judge(std::string_view head) {
  const auto result = check_head(head);
  if (result.ok()) return std::string(kAccepted);
  constexpr std::string_view kPrefix = "HTTP message refused: ";
  EXPECT_TRUE(result.error().text.starts_with(kPrefix)) << result.error().text;
  return result.error().text.substr(kPrefix.size());
}

std::string line(std::string_view request_line) {
  return judge(std::string(request_line) + "\r\nHost: a\r\n\r\n");
}

/// `fields` with their line ends, after a good request line and Host.
std::string with(std::string_view fields) {
  return judge("POST /v1/a HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n");
}

TEST(CheckHead, AcceptsWhatClientsSend) {
  // The vault CLI over a Unix socket: an empty Host.
  EXPECT_EQ(judge("GET /v1/secret/data/app?version=2 HTTP/1.1\r\nHost: \r\n"
                  "User-Agent: Go-http-client/1.1\r\nX-Vault-Request: true\r\n"
                  "X-Vault-Token: hvs.abc\r\nAccept-Encoding: gzip\r\n\r\n"),
            kAccepted);
  EXPECT_EQ(judge("GET / HTTP/1.1\r\nhost:\r\n\r\n"), kAccepted);
  EXPECT_EQ(judge("LIST /v1/a/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x y\r\n"
                  "Accept: */*\r\nAccept: text/html\r\nConnection: keep-alive\r\n\r\n"),
            kAccepted);
  EXPECT_EQ(with("Content-Length: 0\r\n"), kAccepted);
  EXPECT_EQ(with("content-length:17\t \r\nContent-Type: application/json\r\n"), kAccepted);
  EXPECT_EQ(with("Transfer-Encoding: chunked\r\n"), kAccepted);
  EXPECT_EQ(with("X-Note: tab\tand \xC3\xA9 inside\r\nX-Empty:\r\n"), kAccepted);
}

TEST(CheckHead, RefusesRequestLinesOfAnotherShape) {
  const std::string shape = "request line is not method, target and version";
  EXPECT_EQ(line(""), shape);
  EXPECT_EQ(line("GET"), shape);
  EXPECT_EQ(line("GET /"), shape);
  EXPECT_EQ(line("GET  "), "version is not HTTP/1.1");
  EXPECT_EQ(line(" GET / HTTP/1.1"), "method is not a token");
  EXPECT_EQ(line("G(T / HTTP/1.1"), "method is not a token");
  EXPECT_EQ(line("GET\t/ HTTP/1.1"), shape);
  EXPECT_EQ(line("GET  / HTTP/1.1"), "target is not in origin form");
  EXPECT_EQ(line("GET /a b HTTP/1.1"), "target holds more than visible ASCII");
  EXPECT_EQ(line("GET / HTTP/1.1 "), "version is not HTTP/1.1");
  EXPECT_EQ(judge("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), shape) << "a leading empty line";
}

TEST(CheckHead, RefusesOtherVersions) {
  for (const char* version : {"HTTP/1.0", "HTTP/0.9", "HTTP/2", "HTTP/2.0", "HTTP/1.2", "http/1.1",
                              "HTTP/1.10", "HTTP/01.1", "HTTP/1.1x", "HTTP1.1"}) {
    EXPECT_EQ(line("GET / "s + version), "version is not HTTP/1.1") << version;
  }
}

TEST(CheckHead, RefusesTargetsThatAreNotInOriginForm) {
  for (const char* target : {"http://a/v1/b", "a:80", "*", "v1/a", "?a", "http:/v1"}) {
    EXPECT_EQ(line("GET "s + target + " HTTP/1.1"), "target is not in origin form") << target;
  }
}

TEST(CheckHead, RefusesFragmentsAndInvisibleBytesInTheTarget) {
  EXPECT_EQ(line("GET /v1/a#b HTTP/1.1"), "target has a fragment");
  EXPECT_EQ(line("GET /v1/a?b#c HTTP/1.1"), "target has a fragment");
  for (const std::string& bytes : {"\0"s, "\x01"s, "\t"s, "\x7F"s, "\x80"s, "\xC3\xA9"s, "\xFF"s}) {
    EXPECT_EQ(line("GET /v1/" + bytes + " HTTP/1.1"), "target holds more than visible ASCII");
  }
}

TEST(CheckHead, LimitsTheRequestLine) {
  const std::string frame = "GET / HTTP/1.1";
  EXPECT_EQ(line("GET /" + std::string(kMaxRequestLine - frame.size(), 'a') + " HTTP/1.1"),
            kAccepted);
  const auto over = check_head("GET /" + std::string(kMaxRequestLine - frame.size() + 1, 'a') +
                               " HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_FALSE(over.ok());
  EXPECT_EQ(over.error().code, ErrorCode::too_large);
  EXPECT_EQ(judge(std::string(kMaxRequestLine + 1, 'a')), "request line of more than 4096 bytes");
}

TEST(CheckHead, LimitsTheHead) {
  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  const std::string fits = start + std::string(kMaxHead - start.size() - 4, 'a') + "\r\n\r\n";
  ASSERT_EQ(fits.size(), kMaxHead);
  EXPECT_EQ(judge(fits), kAccepted);
  const auto over = check_head(start + "a" + fits.substr(start.size()));
  ASSERT_FALSE(over.ok());
  EXPECT_EQ(over.error().code, ErrorCode::too_large);
}

TEST(CheckHead, LimitsTheNumberOfFields) {
  std::string fields;
  for (std::size_t i = 1; i < kMaxHeaderFields; ++i) fields += "X: y\r\n";
  EXPECT_EQ(with(fields), kAccepted);
  EXPECT_EQ(with(fields + "X: y\r\n"), "more than 64 header fields");
}

TEST(CheckHead, RefusesBareLineEnds) {
  const std::string expected = "a line end that is not CR LF";
  EXPECT_EQ(judge("GET / HTTP/1.1\nHost: a\r\n\r\n"), expected);
  EXPECT_EQ(judge("GET / HTTP/1.1\rHost: a\r\n\r\n"), expected);
  EXPECT_EQ(with("X: a\nContent-Length: 5\r\n"), expected);
  EXPECT_EQ(with("X: a\rContent-Length: 5\r\n"), expected);
  EXPECT_EQ(with("X: a\r\r\n"), expected);
  EXPECT_EQ(with("X: a\n\r\n"), expected);
}

TEST(CheckHead, RefusesAHeadWithoutItsEnd) {
  EXPECT_EQ(judge(""), "head without an end");
  EXPECT_EQ(judge("\r\n"), "head without an end");
  EXPECT_EQ(judge("GET / HTTP/1.1\r\nHost: a\r\n"), "head without an end");
  EXPECT_EQ(judge("GET / HTTP/1.1\r\nHost: a\n\n"), "head without an end");
}

TEST(CheckHead, RefusesAnythingBehindTheFirstEmptyLine) {
  EXPECT_EQ(judge("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /v1/b HTTP/1.1\r\nHost: a\r\n\r\n"),
            "an empty line before the end of the head");
}

TEST(CheckHead, RefusesFoldedHeaders) {
  EXPECT_EQ(with("X: a\r\n b\r\n"), "a folded header");
  EXPECT_EQ(with("X: a\r\n\tb: c\r\n"), "a folded header");
  EXPECT_EQ(judge("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), "a folded header");
}

TEST(CheckHead, RefusesNamesThatAreNotTokens) {
  EXPECT_EQ(with("Content-Length : 5\r\n"), "a space before a colon");
  EXPECT_EQ(with("Content-Length\t: 5\r\n"), "a space before a colon");
  EXPECT_EQ(with("no colon\r\n"), "a header without a colon");
  for (const std::string& name : {""s, "a b"s, "a\0b"s, "a\x01"s, "(a)"s, "a,b"s, "a/b"s, "a@b"s,
                                  "\"a\""s, "a[0]"s, "\xC3\xA9"s, "a\x7F"s, "{a}"s}) {
    EXPECT_EQ(with(name + ": x\r\n"), "a header's name is not a token") << name;
  }
}

TEST(CheckHead, RefusesEveryControlCharacterInAValueButTab) {
  for (int byte = 0; byte < 256; ++byte) {
    if (byte == '\r' || byte == '\n') continue;
    const bool control = (byte < 0x20 && byte != '\t') || byte == 0x7F;
    EXPECT_EQ(with("X: a"s + static_cast<char>(byte) + "b\r\n"),
              control ? "a control character in a header" : kAccepted)
        << byte;
  }
}

TEST(CheckHead, RefusesAMissingHost) {
  EXPECT_EQ(judge("GET / HTTP/1.1\r\n\r\n"), "Host is missing");
  EXPECT_EQ(judge("GET / HTTP/1.1\r\nHostt: a\r\n\r\n"), "Host is missing");
}

TEST(CheckHead, RefusesContentLengthsThatAreNotPlainNumbers) {
  for (const char* value : {"", "+5", "-5", "0x5", "5 5", "5,5", "5, 5", "5.0", "five", "5;",
                            "\"5\"", "1e3", "\xEF\xBC\x95"}) {
    EXPECT_EQ(with("Content-Length: "s + value + "\r\n"), "Content-Length is not a number")
        << value;
  }
  EXPECT_EQ(with("Content-Length: 99999999999999999999\r\n"), "Content-Length has too many digits");
  EXPECT_EQ(with("Content-Length: 18446744073709551616\r\n"), "Content-Length has too many digits");
}

TEST(CheckHead, RefusesTransferEncodingsOtherThanChunked) {
  for (const char* value : {"", "Chunked", "identity", "gzip, chunked", "chunked, chunked",
                            "chunked;a", "xchunked", "chunked,", "\"chunked\"", "chun ked"}) {
    EXPECT_EQ(with("Transfer-Encoding: "s + value + "\r\n"), "Transfer-Encoding is not chunked")
        << value;
  }
}

TEST(CheckHead, RefusesTwoWaysToTellTheLength) {
  const std::string expected = "both Content-Length and Transfer-Encoding";
  EXPECT_EQ(with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), expected);
  EXPECT_EQ(with("TRANSFER-ENCODING: chunked\r\nX: y\r\ncontent-length: 0\r\n"), expected);
}

TEST(CheckHead, RefusesSecondValuesOfWhatCountsOnce) {
  for (const char* field :
       {"Host: a", "Content-Length: 5", "Transfer-Encoding: chunked", "Authorization: Bearer a",
        "X-Vault-Token: a", "Content-Type: a/b", "Content-Encoding: identity",
        "X-Vault-Wrap-TTL: 1", "X-Vault-Namespace: a"}) {
    const std::string first = field + "\r\n"s;
    std::string second = first;
    second[0] = static_cast<char>(second[0] | 0x20);  // another case is the same name
    const std::string lead = first.starts_with("Host") ? "" : first;
    EXPECT_EQ(with(lead + "X: y\r\n" + second), "a header comes twice that may come once") << field;
  }
}

TEST(CheckHead, ErrorsNeverQuoteTheMessage) {
  for (const char* head :
       {"hunter2 / HTTP/1.0\r\n\r\n", "GET hunter2 HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nhunter2\r\n\r\n", "GET / HTTP/1.1\r\nX: hunter2\x01\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: hunter2\r\n\r\n"}) {
    const auto result = check_head(head);
    ASSERT_FALSE(result.ok()) << head;
    EXPECT_EQ(describe(result.error()).find("hunter2"), std::string::npos);
  }
}

/// An oracle in the grammar's own words: every line of an accepted head, taken apart again, has
/// only the bytes that it may have.
void expect_plain(std::string_view head) {
  RC_ASSERT(head.ends_with("\r\n\r\n"));
  RC_ASSERT(head.find("\r\n\r\n") == head.size() - 4);
  for (std::size_t i = 0; i < head.size(); ++i) {
    const auto byte = static_cast<unsigned char>(head[i]);
    if (byte == '\r') RC_ASSERT(head[i + 1] == '\n');
    if (byte == '\n') RC_ASSERT(i > 0 && head[i - 1] == '\r');
    if (byte < 0x20) RC_ASSERT(byte == '\r' || byte == '\n' || byte == '\t');
    RC_ASSERT(byte != 0x7F);
  }
  RC_ASSERT(head.find("\r\n ") == std::string_view::npos);
  RC_ASSERT(head.find("\r\n\t") == std::string_view::npos);
}

TEST(CheckHeadProperty, WhatIsAcceptedIsPlain) {
  const std::vector<std::string> pieces = {"GET ",
                                           "/",
                                           " HTTP/1.1",
                                           "\r\n",
                                           "\r",
                                           "\n",
                                           "Host: a",
                                           "Content-Length: 5",
                                           "Content-Length",
                                           ":",
                                           " ",
                                           "\t",
                                           "Transfer-Encoding: chunked",
                                           "\0"s,
                                           "\x80",
                                           "X: y",
                                           "#",
                                           "a",
                                           "\r\n\r\n",
                                           "GET / HTTP/1.1\r\nHost: a\r\n",
                                           "\x7F",
                                           ",",
                                           "HTTP/1.0"};
  const bool held = rc::check([&](const std::vector<std::uint8_t>& picks, bool framed) {
    std::string head = framed ? "GET /v1/a HTTP/1.1\r\nHost: a\r\n" : "";
    for (const std::uint8_t pick : picks) head += pieces[pick % pieces.size()];
    if (framed) head += "\r\n\r\n";
    if (!check_head(head).ok()) return;
    expect_plain(head);
  });
  EXPECT_TRUE(held);
}

}  // namespace
}  // namespace coffer::faces::vault
