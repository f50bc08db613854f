// What the log says of the token's anchor, and what a verifier makes of it.
#include "coffer/audit/anchor_line.h"

#include "log_kit.h"

namespace coffer::audit::test {
namespace {

AnchorLine sample(std::uint64_t lines) { return {7, 1234, lines, "Q0ZBTgE="}; }

class AnchorLineTest : public LogTest {
 protected:
  [[nodiscard]] Inspection inspected(const std::vector<Line>& all) const {
    std::filesystem::remove(segment());
    const auto log = open();
    append(*log, all);
    return *inspect_directory(directory_.path());
  }
};

TEST_F(AnchorLineTest, SaysAllOfTheAnchorAndIsReadBack) {
  const Line line = anchor_line(sample(5678), {});
  EXPECT_EQ(line.body, R"({"time":"1970-01-01T00:00:00Z","type":"anchor","anchor":{"number":7,)"
                       R"("sequence":1234,"lines":5678,"object":"Q0ZBTgE="})");
  const auto read = read_anchor_line(line.body + "}");
  ASSERT_TRUE(read.ok()) << describe(read.error());
  EXPECT_EQ(*read, sample(5678));
}

TEST_F(AnchorLineTest, WithoutOneOfItsPartsItCannotBeRead) {
  const std::string whole = anchor_line(sample(5678), {}).body + "}";
  for (const char* part : {"\"number\":7,", "\"sequence\":1234,", "\"lines\":5678,"}) {
    std::string less = whole;
    less.erase(less.find(part), std::string_view(part).size());
    EXPECT_EQ(read_anchor_line(less).error().code, ErrorCode::corrupt) << less;
    std::string other = whole;
    other.insert(other.find(part) + std::string_view(part).size() - 1, "x");
    EXPECT_FALSE(read_anchor_line(other).ok()) << other;
  }
  EXPECT_FALSE(read_anchor_line("").ok());
}

TEST_F(AnchorLineTest, TheVerifierTellsTheLast) {
  const Inspection seen = inspected({anchor_line({6, 1000, 0, "AA=="}, {}), event("note"),
                                     anchor_line(sample(2), {}), event("note")});
  EXPECT_FALSE(seen.flaw.has_value());
  ASSERT_TRUE(seen.good.anchor.has_value());
  EXPECT_EQ(seen.good.anchor->number, 7U);
  EXPECT_EQ(seen.good.anchor->sequence, 1234U);
  EXPECT_EQ(seen.good.anchor->line, 4U) << "behind the line `start`";
}

TEST_F(AnchorLineTest, OneOverLinesThatAreStillToComeIsAFlaw) {
  EXPECT_FALSE(inspected({event("note"), anchor_line(sample(2), {})}).flaw.has_value());
  const Inspection seen = inspected({event("note"), anchor_line(sample(3), {})});
  ASSERT_TRUE(seen.flaw.has_value());
  EXPECT_EQ(seen.flaw->line, 3U);
  EXPECT_NE(seen.flaw->what.find("lines that come after it"), std::string::npos);
}

TEST_F(AnchorLineTest, OneThatCannotBeReadIsAFlaw) {
  EXPECT_TRUE(inspected({event("anchor")}).flaw.has_value());
}

TEST_F(AnchorLineTest, TheNewestIsFoundThatIsOurs) {
  const auto log = open();
  const auto even = [](const AnchorLine& line) { return line.number % 2 == 0; };
  const auto newest = [&](const IsOurs& ours) {
    const auto found = last_anchor_line(directory_.path(), ours);
    EXPECT_TRUE(found.ok()) << describe(found.error());
    return found.ok() && *found ? (*found)->number : 0;
  };
  EXPECT_EQ(newest(even), 0U);
  for (std::uint64_t number = 1; number <= 5; ++number) {
    append(*log, {anchor_line({number, 1000 + number, 0, "AA=="}, {}), event("note")}, true);
  }
  EXPECT_EQ(newest(even), 4U);
  EXPECT_EQ(newest([](const AnchorLine&) { return true; }), 5U);
  EXPECT_EQ(newest([](const AnchorLine&) { return false; }), 0U);
  append(*log, {event("anchor")}, true);
  EXPECT_EQ(last_anchor_line(directory_.path(), even).error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace coffer::audit::test
