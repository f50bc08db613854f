// Segments that follow one another: one chain, one tree, and a crash at any step of the change.
#include <gtest/gtest.h>

#include "faulty_file.h"
#include "log_kit.h"
#include "src/audit/line.h"
#include "src/audit/segments.h"
#include "src/audit/tree_recovery.h"

namespace coffer::audit::test {
namespace {

class RotationTest : public LogTest {
 protected:
  [[nodiscard]] LogConfig small(Durability durability = Durability::crash) const {
    LogConfig small = config();
    small.segment_bytes = 1000;
    small.durability = durability;
    return small;
  }
  [[nodiscard]] std::unique_ptr<Log> open_small() const {
    auto log = open_log(small(), clock_);
    EXPECT_TRUE(log.ok()) << (log.ok() ? "" : describe(log.error()));
    return log.ok() ? std::move(*log) : nullptr;
  }
  [[nodiscard]] std::vector<Segment> segments() const { return *list_segments(directory_.path()); }
  [[nodiscard]] std::vector<std::string> all_lines() const {
    std::vector<std::string> all;
    for (const Segment& segment : segments()) {
      for (std::string& line : split(read_all(segment.path))) all.push_back(std::move(line));
    }
    return all;
  }
  /// Of all lines, worked out from nothing.
  [[nodiscard]] TreeHash root() const {
    Frontier tree;
    for (const std::string& line : all_lines()) EXPECT_TRUE(tree.append(*hash_leaf(line)).ok());
    return *tree.root();
  }
  static void fill(Log& log, std::uint64_t from, std::uint64_t count) {
    for (std::uint64_t i = from; i < from + count; ++i)
      append(log, {request(i), response(i)}, true);
  }

  Faults faults_;
};

TEST_F(RotationTest, ASegmentThatIsFullIsFollowedByAnother) {
  const auto log = open_small();
  fill(*log, 1, 20);
  EXPECT_GT(segments().size(), 5U);
  expect_good(all_lines().size());
  for (const Segment& segment : segments()) EXPECT_LT(read_all(segment.path).size(), 1900U);
}

TEST_F(RotationTest, ASegmentThatIsOldIsFollowedByAnother) {
  const auto log = open();
  fill(*log, 1, 2);
  clock_.now += std::chrono::hours(24) - std::chrono::seconds(1);
  fill(*log, 3, 1);
  EXPECT_EQ(segments().size(), 1U);
  clock_.now += std::chrono::seconds(1);
  fill(*log, 4, 2);
  EXPECT_EQ(segments().size(), 2U);
  expect_good(all_lines().size());
}

TEST_F(RotationTest, AgeCountsOnAfterAStart) {
  append(*open(), {event("note")});
  clock_.now += std::chrono::hours(25);
  const auto log = open();
  EXPECT_EQ(segments().size(), 2U);
}

TEST_F(RotationTest, EachSegmentTellsTheTreeBeforeIt) {
  const auto log = open_small();
  fill(*log, 1, 20);
  Frontier tree;
  for (const Segment& segment : segments()) {
    const auto lines = split(read_all(segment.path));
    if (segment.first != 1) {
      const auto told = told_tree(lines.front(), *parse_line(lines.front()));
      ASSERT_TRUE(told.ok());
      EXPECT_EQ(told->size(), segment.first - 1);
      EXPECT_EQ(*told->root(), *tree.root());
    }
    for (const std::string& line : lines) ASSERT_TRUE(tree.append(*hash_leaf(line)).ok());
  }
}

TEST_F(RotationTest, TheTreeIsThatOfAllLines) {
  const auto log = open_small();
  fill(*log, 1, 20);
  const auto tree = log->synced_tree();
  ASSERT_TRUE(tree.ok());
  EXPECT_EQ(tree->size, all_lines().size());
  EXPECT_EQ(tree->root, root());
  EXPECT_EQ(tree->segment, segments().back().first);
}

TEST_F(RotationTest, TheTreeGoesOnAfterAStartAndWithoutTheFirstSegments) {
  TreeHash before;
  {
    const auto log = open_small();
    fill(*log, 1, 20);
    before = log->synced_tree()->root;
  }
  const auto lines_before = all_lines();
  ASSERT_GT(segments().size(), 4U);
  const auto whole = segments();
  std::filesystem::remove(whole[0].path);
  std::filesystem::remove(whole[1].path);
  const auto log = open_small();
  ASSERT_NE(log, nullptr);
  Frontier tree;
  for (const std::string& line : lines_before) ASSERT_TRUE(tree.append(*hash_leaf(line)).ok());
  EXPECT_EQ(*tree.root(), before);
  const auto lines = all_lines();
  const std::size_t left = lines.size() - (log->next_sequence() - 1 - lines_before.size());
  for (std::size_t i = left; i < lines.size(); ++i) {
    ASSERT_TRUE(tree.append(*hash_leaf(lines[i])).ok());
  }
  EXPECT_EQ(log->synced_tree()->root, *tree.root());
}

TEST_F(RotationTest, TheTreeCoversNoLineThatIsNotSynced) {
  LogConfig power = config();
  power.durability = Durability::power;
  const auto log = *open_log(power, clock_);
  const auto before = log->synced_tree()->size;
  append(*log, {request(1), response(1)}, false);
  EXPECT_EQ(log->synced_tree()->size, before);
  append(*log, {request(2), response(2)}, true);
  EXPECT_EQ(log->synced_tree()->size, before + 4);
  EXPECT_EQ(log->synced_tree()->root, root());
}

TEST_F(RotationTest, LinesThatWereNotSyncedAreBeforeTheNextSegmentBegins) {
  LogConfig power = small(Durability::power);
  const auto log = *open_log(power, clock_);
  for (std::uint64_t i = 1; segments().size() == 1; ++i) {
    append(*log, {request(i), response(i)}, false);
  }
  EXPECT_EQ(log->synced_tree()->size, segments().back().first);
}

/// The full segment stays the one that is written until the next one stands.
TEST_F(RotationTest, ASegmentThatCannotBeMadeIsTriedAgain) {
  int refused = 3;
  const FileOpener opener = [&](const std::string& path) -> Result<std::unique_ptr<File>> {
    if (!path.ends_with(kFirstSegment) && refused-- > 0) {
      return make_error(ErrorCode::unavailable, "cannot use the audit log: the disk is full");
    }
    return open_file(path);
  };
  const auto log = *open_log(small(), clock_, opener);
  const std::vector<Line> lines = {request(1), response(1), request(2), response(2),
                                   request(3), response(3), request(4), response(4)};
  append(*log, lines, true);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(log->append(lines, true).error().code, ErrorCode::unavailable);
  }
  append(*log, lines, true);
  EXPECT_EQ(segments().size(), 2U);
  expect_good(1 + 8 + 1 + 8);
}

TEST_F(RotationTest, AFirstLineThatCannotBeWrittenLeavesNothing) {
  const FileOpener opener = [&](const std::string& path) -> Result<std::unique_ptr<File>> {
    if (path.ends_with(kFirstSegment)) return open_file(path);
    return faulty(faults_)(path);
  };
  const auto log = *open_log(small(), clock_, opener);
  faults_.write.from = 1;
  faults_.write.times = 2;
  faults_.before_failure = 30;
  const std::vector<Line> lines(12, event("note"));
  append(*log, lines, true);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(log->append(lines, true).error().code, ErrorCode::unavailable);
    EXPECT_EQ(read_all(segments().back().path), "");
  }
  append(*log, lines, true);
  expect_good(1 + 12 + 1 + 12);
}

TEST_F(RotationTest, ASyncThatFailsWhileSegmentsChangeEndsTheProcess) {
  LogConfig power = small(Durability::power);
  for (int nth = 1; nth <= 2; ++nth) {
    const TemporaryDirectory place;
    power.directory = place.path();
    EXPECT_EXIT(
        {
          const auto log = *open_log(power, clock_, faulty(faults_));
          const std::vector<Line> lines(12, event("note"));
          append(*log, lines, false);
          faults_.sync.from = nth;
          faults_.sync.times = 1;
          (void)log->append(lines, false);
        },
        ::testing::ExitedWithCode(kExitSyncFailed), "")
        << nth;
  }
}

/// Whatever a power cut leaves of the new segment: nothing, an empty file, any part of its first
/// line, that line.
TEST_F(RotationTest, ACrashAtAnyByteOfTheChangeIsMended) {
  std::string first;
  std::string second;
  {
    const auto log = open_small();
    for (std::uint64_t i = 1; segments().size() == 1; ++i) append(*log, {event("note")}, true);
    first = read_all(segments()[0].path);
    second = read_all(segments()[1].path);
  }
  const std::string whole = split(second).front() + "\n";
  const std::string path = segments()[1].path;
  for (std::size_t kept = 0; kept <= whole.size(); ++kept) {
    write_all(segments()[0].path, first);
    write_all(path, std::string_view(whole).substr(0, kept));
    const auto log = open_small();
    ASSERT_NE(log, nullptr) << kept;
    EXPECT_EQ(log->synced_tree()->root, root()) << kept;
    EXPECT_EQ(split(read_all(path)).front().substr(0, 60), whole.substr(0, 60)) << kept;
    expect_good(all_lines().size());
  }
  std::filesystem::remove(path);
  const auto log = open_small();
  ASSERT_NE(log, nullptr);
  expect_good(all_lines().size());
}

TEST_F(RotationTest, AStartRefusesATreeThatIsNotTheLines) {
  {
    const auto log = open_small();
    fill(*log, 1, 20);
  }
  auto lines = split(read_all(segments().back().path));
  std::string line = lines.front();
  line.replace(line.find("\"tree\":["), 8, "\"tree\":[\"" + std::string(64, '0') + "\",");
  lines = {line};
  write_all(segments().back().path, join(lines));
  EXPECT_EQ(open_log(small(), clock_).error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace coffer::audit::test
