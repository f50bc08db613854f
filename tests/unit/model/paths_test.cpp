#include "coffer/model/paths.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <array>
#include <string>

namespace coffer::model {
namespace {

using namespace std::string_literals;

std::string canonical(std::string_view path) {
  const auto result = canonical_path(path);
  return result.ok() ? *result : "refused";
}

std::string reason(std::string_view path) {
  const auto result = canonical_path(path);
  return result.ok() ? "accepted" : result.error().text;
}

TEST(CanonicalPath, KeepsWhatIsCanonical) {
  for (const char* path : {"a", "secret/data/app/db", "secret/metadata/", "A/b/C", "a-b_c.d/e:f",
                           "auth/token/lookup", "a b/c d", "...a", ".hidden", "a..b",
                           "~/*/+/?/#/!/$/&/'/(/)/,/;/=/@/[/]/^/`/{/|/}/\"/<>"}) {
    EXPECT_EQ(canonical(path), path);
  }
}

TEST(CanonicalPath, DecodesOnce) {
  EXPECT_EQ(canonical("secret/%61pp"), "secret/app");
  EXPECT_EQ(canonical("secret%2Fapp%2f"), "secret/app/");
  EXPECT_EQ(canonical("a%20b"), "a b");
  EXPECT_EQ(canonical("%7e"), "~");
}

TEST(CanonicalPath, RefusesWhatIsStillEncodedAfterwards) {
  EXPECT_EQ(reason("a%2561"), "path refused: a percent sign");
  EXPECT_EQ(reason("%252e%252e/a"), "path refused: a percent sign");
  EXPECT_EQ(reason("a/%25"), "path refused: a percent sign");
}

TEST(CanonicalPath, RefusesBrokenEncoding) {
  for (const char* path :
       {"%", "a%", "a%2", "%g0", "%0g", "%%41", "a%2/b", "%u0041", "% 41", "%+1"}) {
    EXPECT_EQ(reason(path), "path refused: a % without two hexadecimal digits") << path;
  }
}

TEST(CanonicalPath, RefusesDotSegments) {
  for (const char* path : {".", "..", "./a", "../a", "a/.", "a/..", "a/./b", "a/../b", "a/../",
                           "%2e", "%2e%2e/a", "a/.%2e/b", "a/%2E./b", "a%2f..%2fb"}) {
    EXPECT_EQ(reason(path), "path refused: a . or .. segment") << path;
  }
}

TEST(CanonicalPath, RefusesEmptySegments) {
  for (const char* path : {"", "/", "//", "/a", "a//b", "a//", "//a", "a/%2fb", "%2f", "a%2F/"}) {
    EXPECT_EQ(reason(path), "path refused: an empty segment") << path;
  }
}

TEST(CanonicalPath, RefusesSpacesAndDotsAtTheEdgesOfSegments) {
  for (const char* path : {" a", "a/ b", "%20a", "a/%20", " "}) {
    EXPECT_EQ(reason(path), "path refused: a segment that starts with a space") << path;
  }
  for (const char* path : {"a ", "a /b", "a%20/b", "a/b /", "a/b%20/"}) {
    EXPECT_EQ(reason(path), "path refused: a segment that ends with a space") << path;
  }
  for (const char* path : {"a.", "a./b", "a/b./", "a%2e/b", "...", "a/..../b", "a/b.."}) {
    EXPECT_EQ(reason(path), "path refused: a segment that ends with a dot") << path;
  }
}

TEST(CanonicalPath, RefusesEveryControlByteRawAndEncoded) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (int byte = 0; byte < 256; ++byte) {
    const char raw = static_cast<char>(byte);
    const std::string encoded = "a%"s + kHex[static_cast<std::size_t>(byte / 16)] +
                                kHex[static_cast<std::size_t>(byte % 16)] + "b";
    const bool allowed = byte >= 0x20 && byte <= 0x7E && raw != '\\' && raw != '%';
    EXPECT_EQ(canonical_path(encoded).ok(), allowed) << byte;
    EXPECT_EQ(canonical_path("a"s + raw + "b").ok(), allowed) << byte;
  }
}

TEST(CanonicalPath, RefusesOtherSpellingsOfSlashAndDot) {
  for (const std::string& path :
       {"a\\b"s, "a%5cb"s, "a%c0%afb"s, "a\xC0\xAF"s + "b", "a/%c0%ae%c0%ae/b"s, "a%e0%80%afb"s,
        "a%ef%bc%8fb"s, "a/%ef%bc%8e%ef%bc%8e/b"s, "a\xEF\xBC\x8F"s + "b", "a%00"s, "a%00/../b"s,
        "a\0b"s, "a/..%00/b"s, "a/..%0a/b"s, "a%e2%80%ae"s, "a%c2%a0"s, "a\xE2\x81\x84"s + "b",
        "%ff"s, "a%80"s}) {
    EXPECT_EQ(canonical(path), "refused") << path;
  }
}

TEST(CanonicalPath, LimitsSegments) {
  const std::string longest(kMaxSegment, 'a');
  EXPECT_EQ(canonical(longest + "/" + longest), longest + "/" + longest);
  EXPECT_EQ(reason(longest + "a"), "path refused: a segment of more than 255 bytes");
  std::string path = "a";
  for (std::size_t i = 1; i < kMaxSegments; ++i) path += "/a";
  EXPECT_EQ(canonical(path), path);
  EXPECT_EQ(canonical(path + "/"), path + "/");
  EXPECT_EQ(reason(path + "/a"), "path refused: more than 32 segments");
}

TEST(CanonicalPath, CountsTheDecodedBytes) {
  std::string encoded;
  for (std::size_t i = 0; i < kMaxSegment; ++i) encoded += "%61";
  EXPECT_EQ(canonical(encoded), std::string(kMaxSegment, 'a'));
}

TEST(CanonicalPath, ErrorsNeverQuoteThePath) {
  for (const char* path : {"hunter2/../x", "hunter2%", "hunter2//x", "hunter2.", "hunter2\\"}) {
    const auto result = canonical_path(path);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(describe(result.error()).find("hunter2"), std::string::npos);
  }
}

/// Is this what paths.h calls canonical? Written from its words alone, by the whole path.
bool is_canonical(std::string_view path) {
  if (path.empty() || path.front() == '/') return false;
  for (const char c : path) {
    if (c < 0x20 || c > 0x7E || c == '\\' || c == '%') return false;
  }
  for (const char* bad : {"//", "/ ", " /", "./"}) {
    if (path.find(bad) != std::string_view::npos) return false;
  }
  return path.front() != ' ' && path.back() != ' ' && path.back() != '.';
}

/// Ways to hide a path that a rule forbids. Each must be refused, or be the same as the plain path.
const std::array<std::string_view, 40> kTricks = {
    ".",         "..",        "/",         "//",     "%2e",    "%2E%2e", "%252e",  "%252e%252e",
    "\\",        "%5c",       "%255c",     " ",      "%20",    "+",      "%2520",  "%00",
    "%2500",     "%0a",       "%0d%0a",    "%2f",    "%2F%2F", "%252f",  "%c0%af", "%c0%ae",
    "%e0%80%af", "%ef%bc%8f", "%ef%bc%8e", "%u002f", ";",      "?",      "#",      "%23",
    "%3f",       "*",         "%2a",       ".%2e",   "..%2f",  "/./",    "/../",   "%c2%a0"};

TEST(CanonicalPathVariants, AreRefusedOrCanonical) {
  const std::array<std::string_view, 6> parts = {"secret", "data", "app", "db", "key", "x"};
  std::size_t variants = 0;
  for (const std::string_view one : kTricks) {
    for (const std::string_view other : kTricks) {
      for (std::size_t place = 0; place < 3; ++place) {
        std::string path(parts[0]);
        if (place == 0) path.append(one).append("/");
        if (place == 1) path.append("/").append(one);
        if (place == 2) path.append("/").append(parts[1]).append(one);
        path.append(parts[2]).append(other).append(parts[3]).append(place == 1 ? other : "");
        ++variants;
        const auto result = canonical_path(path);
        if (!result.ok()) continue;
        EXPECT_TRUE(is_canonical(*result)) << path;
        // What is accepted is the end of the road: read again, it stays as it is.
        EXPECT_EQ(canonical(*result), *result) << path;
      }
    }
  }
  EXPECT_GT(variants, 2000U);
}

TEST(CanonicalPathProperty, IsCanonicalAndStaysSo) {
  const bool held = rc::check([](const std::string& bytes, const std::vector<std::uint8_t>& picks) {
    std::string path;
    for (const std::uint8_t pick : picks) {
      path +=
          pick < 160 ? kTricks[pick % kTricks.size()] : std::string_view("ab/").substr(pick % 3, 1);
    }
    for (const std::string& text : {bytes, path, path + bytes}) {
      const auto once = canonical_path(text);
      if (!once.ok()) continue;
      RC_ASSERT(is_canonical(*once));
      RC_ASSERT(canonical(*once) == *once);
    }
  });
  EXPECT_TRUE(held);
}

TEST(CanonicalPathProperty, EncodingAnythingChangesNothing) {
  const bool held = rc::check([](const std::vector<std::uint8_t>& picks) {
    constexpr std::string_view kLetters = "ab./ -Z~";
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string plain;
    std::string encoded;
    for (const std::uint8_t pick : picks) {
      const char letter = kLetters[pick % kLetters.size()];
      plain += letter;
      if (pick < 128) {
        encoded += letter;
      } else {
        encoded += {'%', kHex[static_cast<std::size_t>(letter) / 16],
                    kHex[static_cast<std::size_t>(letter) % 16]};
      }
    }
    RC_ASSERT(canonical(encoded) == canonical(plain));
    RC_ASSERT(reason(encoded) == reason(plain));
  });
  EXPECT_TRUE(held);
}

TEST(SplitPath, GivesTheSegments) {
  using Segments = std::vector<std::string_view>;
  EXPECT_EQ(split_path("a/b/c"), (Segments{"a", "b", "c"}));
  EXPECT_EQ(split_path("a/b/"), (Segments{"a", "b"}));
  EXPECT_EQ(split_path("a"), Segments{"a"});
  EXPECT_EQ(split_path("a/"), Segments{"a"});
  EXPECT_EQ(split_path(""), Segments{});
}

}  // namespace
}  // namespace coffer::model
