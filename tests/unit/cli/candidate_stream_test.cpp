// What comes in parts has the candidates that it has as a whole, on the same lines.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "src/cli/candidate_blocks.h"
#include "src/cli/candidates.h"

namespace coffer::cli {
namespace {

using Found = std::vector<std::pair<std::string, std::size_t>>;

constexpr const char* kValue = "k3J9xQ2mZ8rT";
/// Little more than what two parts of a line share.
constexpr std::size_t kShortest = kMostBlock + 20'000;

Found whole(std::string_view text) {
  Found found;
  each_candidate(
      text, [&](std::string_view value, std::size_t line) { found.emplace_back(value, line); });
  return found;
}

Found in_parts(std::string_view text, const std::function<std::size_t()>& part,
               std::size_t longest_line = CandidateStream::kLongestLine) {
  Found found;
  CandidateStream stream(
      [&](std::string_view value, std::size_t line) { found.emplace_back(value, line); },
      longest_line);
  while (!text.empty()) {
    const std::string_view one = text.substr(0, std::max<std::size_t>(part(), 1));
    stream.add(std::string(one));
    text.remove_prefix(one.size());
  }
  stream.finish();
  return found;
}

/// Words, quotes, escapes, line ends and keys' first and last lines, in any order.
std::string random_text(std::mt19937& random, int count) {
  static const std::vector<std::string> pieces{
      "\n",
      "\n",
      "\r\n",
      " ",
      "\t",
      "=",
      ": ",
      "\"",
      "'",
      "`",
      "\\",
      "\\n",
      ",",
      ";",
      "+",
      "-",
      "-----",
      "\xEF\xBB\xBF",
      "# ",
      "    ",
      "caf\xC3\xA9",
      "user",
      "password",
      "k3J9xQ2mZ8rT",
      "-----BEGIN PRIVATE KEY-----",
      "-----END PRIVATE KEY-----",
      "MC4CAQAwBQYDK2VwBCIEIA",
      "\n-----BEGIN RSA KEY-----\nabcdefgh\n-----END RSA KEY-----\n",
      "postgresql://app:p@db/x"};
  std::uniform_int_distribution<std::size_t> any(0, pieces.size() - 1);
  std::string text;
  for (int i = 0; i < count; ++i) text += pieces[any(random)];
  return text;
}

TEST(CandidateStream, PartsHaveTheCandidatesOfTheWhole) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    const std::string text = random_text(random, round * 3);
    const Found expected = whole(text);
    for (const std::size_t size : {1U, 2U, 3U, 7U, 64U, 1000U, 4096U}) {
      ASSERT_EQ(in_parts(text, [=] { return size; }), expected) << size << "\n" << text;
    }
    std::uniform_int_distribution<std::size_t> any(1, 50);
    ASSERT_EQ(in_parts(text, [&] { return any(random); }), expected) << text;
  }
}

TEST(CandidateStream, ALongLineHasThemTooWhereverItIsCut) {
  std::mt19937 random(11);
  for (int round = 0; round < 3; ++round) {
    std::string text = random_text(random, 100);
    std::string line = random_text(random, 40'000);
    std::erase(line, '\n');
    text += "\n" + line + random_text(random, 100);
    const Found all = in_parts(
        text, [] { return 9'999; }, kShortest);
    const std::set<std::pair<std::string, std::size_t>> in_long(all.begin(), all.end());
    for (const auto& one : whole(text)) ASSERT_TRUE(in_long.contains(one)) << one.second;
    ASSERT_EQ(in_parts(
                  text, [] { return 1; }, kShortest),
              all);
  }
}

TEST(CandidateStream, TheLongestValueIsFoundInALongLineWhereverItStands) {
  const std::string value(kMostCandidate, 'v');
  for (std::size_t before = 0; before < 3 * kShortest; before += 9'973) {
    const std::string text = std::string(before, '.') + " \"" + value + "\" " +
                             std::string(kShortest, ',') + "\nlast=" + kValue;
    Found found;
    CandidateStream stream(
        [&](std::string_view one, std::size_t line) {
          if (one == value || one == kValue) found.emplace_back(one, line);
        },
        kShortest);
    stream.add(text);
    stream.finish();
    const std::map<std::string, std::size_t> lines(found.begin(), found.end());
    ASSERT_EQ(lines.size(), 2U) << before;
    EXPECT_EQ(lines.at(value), 1U) << before;
    EXPECT_EQ(lines.at(kValue), 2U) << before;
    EXPECT_EQ(stream.long_lines(), 1U);
  }
}

TEST(CandidateStream, AKeyBehindALongLineIsFound) {
  const std::string key = "-----BEGIN KEY-----\nabcdefghijkl\nmnop\n-----END KEY-----";
  for (std::size_t before = kShortest - 100; before < kShortest + 100; ++before) {
    Found found;
    CandidateStream stream(
        [&](std::string_view one, std::size_t line) {
          if (one == key) found.emplace_back(one, line);
        },
        kShortest);
    stream.add("first\n" + std::string(before, '.') + key + "\n");
    stream.finish();
    ASSERT_FALSE(found.empty()) << before;
    EXPECT_EQ(found.front().second, 2U);
  }
}

TEST(CandidateStream, WhatOnlySpeaksOfABlocksBeginHidesNone) {
  const std::string key = "-----BEGIN KEY-----\nabcdefghijkl\n-----END KEY-----";
  const std::string text =
      "starts_with(\"-----BEGIN \")\n" + std::string(200'000, 'x') + "\n" + key;
  const Found found = whole(text);
  EXPECT_NE(std::find(found.begin(), found.end(), std::pair<std::string, std::size_t>(key, 3)),
            found.end());
}

TEST(CandidateStream, TheTextItselfIsOneWhereItBegins) {
  const std::string two = "two lines of\n one value";
  for (const std::string& text :
       {two, "\n\n" + two, "\r\n \n" + two + std::string(100'000, '\n')}) {
    const Found found = in_parts(text, [] { return 5; });
    EXPECT_EQ(found, whole(text));
    EXPECT_EQ(found.back().first, two);
    EXPECT_EQ(found.back().second, text == two ? 1U : 3U);
  }
  EXPECT_NE(whole(two + std::string(100'000, '\n') + kValue).back().first, two);
}

TEST(CandidateStream, NothingIsThereOfNothing) {
  EXPECT_TRUE(whole("").empty());
  EXPECT_TRUE(in_parts("\n\n", [] { return 1; }).empty());
}

}  // namespace
}  // namespace coffer::cli
