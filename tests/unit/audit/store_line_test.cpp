// The newest word of the log on the store, looked for from the end.
#include "coffer/audit/store_line.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "../../../src/audit/zstd_file.h"
#include "fakes/child_process.h"

namespace coffer::audit {
namespace {

class StoreLineTest : public testing::Test {
 protected:
  StoreLineTest() : directory_(*fakes::make_temporary_directory("audit-store-line-")) {}
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void segment(std::uint64_t first, const std::string& text) {
    std::string digits = std::to_string(first);
    digits.insert(0, 20 - digits.size(), '0');
    std::ofstream(directory_ + "/audit-" + digits + ".jsonl") << text;
  }
  static std::string said(std::uint64_t sequence) {
    return store_line({sequence, "ab" + std::to_string(sequence)}, {}).body + ",\"sequence\":1}\n";
  }
  static std::string other(std::size_t size = 10) {
    return R"({"time":"t","type":"response","path":")" + std::string(size, 'p') + "\"}\n";
  }
  std::optional<std::uint64_t> last() {
    const auto found = last_store_line(directory_);
    EXPECT_TRUE(found.ok()) << describe(found.error());
    if (!found.ok() || !*found) return std::nullopt;
    EXPECT_EQ((*found)->commitment, "ab" + std::to_string((*found)->sequence));
    return (*found)->sequence;
  }

  const std::string directory_;
};

TEST_F(StoreLineTest, StartsAsEachLineMust) {
  EXPECT_EQ(
      store_line({7, "00ff"}, {}).body,
      R"({"time":"1970-01-01T00:00:00Z","type":"store","store":{"sequence":7,"commitment":"00ff"})");
}

TEST_F(StoreLineTest, TheNewestCounts) {
  segment(1, other() + said(1) + other() + said(2) + other());
  EXPECT_EQ(last(), 2U);
}

TEST_F(StoreLineTest, OlderSegmentsAreLookedAtWhereTheNewestHasNone) {
  segment(1, said(1) + said(5));
  segment(3, other());
  segment(4, "");
  EXPECT_EQ(last(), 5U);
}

TEST_F(StoreLineTest, ASegmentThatWasCompressedIsLookedAtToo) {
  segment(1, said(1) + said(5) + other());
  const std::string plain = directory_ + "/audit-00000000000000000001.jsonl";
  ASSERT_TRUE(compress_file(plain, plain + ".zst").ok());
  std::filesystem::remove(plain);
  segment(4, other());
  EXPECT_EQ(last(), 5U);
}

TEST_F(StoreLineTest, ALogWithoutAnyHasNone) {
  segment(1, other() + other());
  EXPECT_EQ(last(), std::nullopt);
}

TEST_F(StoreLineTest, ALineThatIsBeingWrittenDoesNotCount) {
  const std::string torn = said(9);
  segment(1, said(8) + torn.substr(0, torn.size() - 1));
  EXPECT_EQ(last(), 8U);
}

TEST_F(StoreLineTest, WhereverThePiecesOfTheFileMeet) {
  for (std::size_t before = 0; before < 300; before += 7) {
    segment(1, other() + said(3) + other((256U << 10U) - 400 + before) + other());
    ASSERT_EQ(last(), 3U) << before;
  }
  segment(1, said(4) + other(700000) + other(10));
  EXPECT_EQ(last(), 4U);
}

TEST_F(StoreLineTest, WordsOfOthersAreNotTakenForIt) {
  segment(1,
          said(6) + R"({"time":"t","type":"response","data":{"type":"store","store":1}})" + "\n");
  EXPECT_EQ(last(), 6U);
}

TEST_F(StoreLineTest, OneThatCanNotBeReadIsCorrupt) {
  for (const char* body :
       {R"({"type":"store"})", R"({"type":"store","store":{"sequence":"x","commitment":"a"}})",
        R"({"type":"store","store":{"sequence":-1,"commitment":"a"}})",
        R"({"type":"store","store":{"sequence":1.5,"commitment":"a"}})", R"({"type":"store")"}) {
    segment(1, said(1) + body + "\n");
    const auto found = last_store_line(directory_);
    ASSERT_FALSE(found.ok()) << body;
    EXPECT_EQ(found.error().code, ErrorCode::corrupt);
  }
}

}  // namespace
}  // namespace coffer::audit
