// Segments that were compressed and removed: what is read of them, what shows, what stays.
#include "coffer/audit/archive.h"

#include <sys/stat.h>

#include <cstdlib>
#include <set>

#include "coffer/audit/checkpointer.h"
#include "coffer/audit/proof.h"
#include "coffer/audit/record.h"
#include "coffer/audit/verify.h"
#include "fakes/soft_signer.h"
#include "log_kit.h"
#include "program_kit.h"
#include "src/audit/line_reader.h"
#include "src/audit/pruned.h"
#include "src/audit/segments.h"
#include "src/audit/zstd_file.h"

namespace coffer::audit::test {
namespace {

using namespace std::chrono_literals;

class ArchiveTest : public LogTest {
 protected:
  void SetUp() override {
    keys_.bare.push_back(to_bytes(key_->public_key()));
    write(24);
  }
  /// The kit's line, of now.
  [[nodiscard]] Line now(Line line) const {
    const std::string kits = "2026-01-01T00:00:00Z";
    line.body.replace(line.body.find(kits), kits.size(), to_rfc3339(clock_.now));
    return line;
  }
  /// Signed segments, a day apart.
  void write(std::uint64_t steps, bool leave_open = false, bool in_one = false) {
    LogConfig small = config();
    small.segment_bytes = in_one ? 1U << 20U : 1500U;
    if (in_one) small.segment_age = 24h * 9999;
    const auto log = *open_log(small, clock_);
    Checkpointer signing(
        *log, clock_, {directory_.path(), kNode, Durability::crash}, [this] { return key_; },
        Checkpointer::Threads::none);
    if (leave_open) append(*log, {now(request(999))}, true);
    for (std::uint64_t i = 0; i < steps; ++i) {
      clock_.now += 24h;
      append(*log, {now(request(i)), now(response(i))}, true);
      signing.round();
    }
  }
  [[nodiscard]] std::vector<Segment> segments() const { return *list_segments(directory_.path()); }
  [[nodiscard]] std::size_t compressed() const {
    const auto all = segments();
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](const Segment& one) {
      return one.path.ends_with(kCompressed);
    }));
  }
  [[nodiscard]] Inspection inspect() const {
    auto seen = inspect_directory(directory_.path(), {}, keys_);
    EXPECT_TRUE(seen.ok()) << describe(seen.error());
    return *std::move(seen);
  }
  void expect_whole(std::uint64_t lines) const {
    const Inspection seen = inspect();
    ASSERT_FALSE(seen.flaw.has_value()) << seen.flaw->file << ": " << seen.flaw->what;
    EXPECT_EQ(seen.good.lines, lines);
    EXPECT_EQ(seen.good.signed_lines, seen.good.last_sequence);
  }
  [[nodiscard]] static std::string all_of(const ReadAt& read, std::size_t step) {
    std::string text;
    Bytes piece(step);
    for (;;) {
      const auto got = read(text.size(), piece);
      EXPECT_TRUE(got.ok());
      if (!got.ok() || *got == 0) return text;
      text.append(as_text(ByteView(piece).first(*got)));
    }
  }

  std::shared_ptr<crypto::Signer> key_ = std::make_shared<fakes::SoftSigner>(std::uint8_t{7});
  TrustedKeys keys_;
};

TEST_F(ArchiveTest, AllButTheNewestTwoAreCompressedAndTheLogIsTheSame) {
  const std::size_t count = segments().size();
  const std::uint64_t lines = inspect().good.lines;
  ASSERT_GT(count, 4U);
  const auto done = compress_segments(directory_.path());
  ASSERT_TRUE(done.ok()) << describe(done.error());
  EXPECT_EQ(done->segments, count - 2);
  EXPECT_LT(done->after, done->before);
  EXPECT_EQ(compressed(), count - 2);
  EXPECT_EQ(segments().size(), count);
  expect_whole(lines);
  EXPECT_EQ(compress_segments(directory_.path())->segments, 0U) << "there is nothing left to do";
}

/// Who lists the segments and then reads them runs beside the unit that compresses.
TEST_F(ArchiveTest, WhatWasCompressedSinceItWasListedIsReadAllTheSame) {
  const std::vector<Segment> listed = segments();
  ASSERT_TRUE(compress_segments(directory_.path()).ok());
  std::size_t lines = 0;
  for (const Segment& segment : listed) {
    auto read = read_file(segment.path);
    ASSERT_TRUE(read.ok()) << segment.name << ": " << describe(read.error());
    LineReader reader(*std::move(read), 0);
    RawLine line;
    for (auto more = reader.next(line); more.ok() && *more; more = reader.next(line)) ++lines;
  }
  EXPECT_EQ(lines, inspect().good.lines);
  EXPECT_FALSE(read_file(directory_.path() + "/audit-none.jsonl").ok());
}

TEST_F(ArchiveTest, WhatWasCompressedIsSearchedAndProven) {
  std::size_t before = 0;
  std::size_t after = 0;
  ASSERT_TRUE(find_records(directory_.path(), {}, [&](const Record&) { ++before; }).ok());
  ASSERT_TRUE(compress_segments(directory_.path()).ok());
  ASSERT_TRUE(find_records(directory_.path(), {}, [&](const Record&) { ++after; }).ok());
  EXPECT_EQ(before, after);
  const auto proof = prove_line(directory_.path(), 3, *newest_checkpoint(directory_.path()));
  ASSERT_TRUE(proof.ok()) << describe(proof.error());
  EXPECT_TRUE(check(*proof, proof->line, keys_).ok());
}

TEST_F(ArchiveTest, ADaemonGoesOnBehindCompressedSegments) {
  ASSERT_TRUE(compress_segments(directory_.path()).ok());
  const std::uint64_t lines = inspect().good.lines;
  write(10);
  const Inspection seen = inspect();
  ASSERT_FALSE(seen.flaw.has_value()) << seen.flaw->what;
  EXPECT_GT(seen.good.lines, lines + 20);
  ASSERT_TRUE(compress_segments(directory_.path()).ok());
  expect_whole(seen.good.lines);
}

TEST_F(ArchiveTest, ASegmentThatHoldsAnOpenRequestIsNotCompressed) {
  ASSERT_TRUE(compress_segments(directory_.path()).ok());
  const std::size_t before = compressed();
  write(20, true);
  // Opened by hand, so that the start doesn't close it.
  std::string last = split(read_all(segments().back().path)).back();
  ASSERT_NE(last.find("\"open\":"), std::string::npos);
  ASSERT_EQ(last.find("\"open\":0,"), std::string::npos) << "one is open";
  ASSERT_TRUE(compress_segments(directory_.path()).ok());
  EXPECT_LE(compressed(), before + 3) << "up to the one with the request, and none behind it";
  const auto log = open();
  ASSERT_NE(log, nullptr) << "the start goes back to it";
}

TEST_F(ArchiveTest, ACrashInBetweenIsGoneOnWith) {
  const auto first = segments().front();
  const std::uint64_t lines = inspect().good.lines;
  write_all(first.path + ".zst.new", "half of it");
  ASSERT_TRUE(compress_file(first.path, first.path + ".zst").ok());
  expect_whole(lines);
  ASSERT_TRUE(compress_segments(directory_.path()).ok());
  EXPECT_FALSE(std::filesystem::exists(first.path));
  EXPECT_FALSE(std::filesystem::exists(first.path + ".zst.new"));
  expect_whole(lines);
}

TEST_F(ArchiveTest, OnAFullDiskNothingIsLeftOfWhatItBegan) {
  const std::uint64_t lines = inspect().good.lines;
  const auto names = [&] {
    std::set<std::string> all;
    for (const auto& one : std::filesystem::directory_iterator(directory_.path())) {
      all.insert(one.path().filename().string());
    }
    return all;
  };
  const auto before = names();
  // No file may grow, and that is an error and no signal.
  const std::string command = "trap '' XFSZ; ulimit -f 0; exec " + program() + " compress " +
                              directory_.path() + " >/dev/null 2>&1";
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 1);
  EXPECT_EQ(names(), before);
  expect_whole(lines);
}

TEST_F(ArchiveTest, DamagedCompressionIsAFlawOfThatSegment) {
  const std::string plain = read_all(segments()[1].path);
  ASSERT_TRUE(compress_segments(directory_.path()).ok());
  const Segment target = segments()[1];
  const std::string whole = read_all(target.path);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    write_all(target.path, bytes);
    const Inspection seen = inspect();
    // Some bits say nothing: then what comes out is the same.
    if (!seen.flaw) {
      EXPECT_EQ(all_of(*read_compressed(target.path), 1000), plain) << at;
      continue;
    }
    EXPECT_EQ(seen.flaw->file.substr(0, target.name.size()), target.name) << at;
  }
  for (std::size_t size = 0; size < whole.size(); ++size) {
    write_all(target.path, whole.substr(0, size));
    EXPECT_TRUE(inspect().flaw.has_value()) << size;
  }
  write_all(target.path, whole + "x");
  EXPECT_TRUE(inspect().flaw.has_value());
}

TEST_F(ArchiveTest, ACompressedSegmentIsReadFromAnywhere) {
  const auto segment = segments().front();
  const std::string plain = read_all(segment.path);
  ASSERT_TRUE(compress_file(segment.path, segment.path + ".zst").ok());
  const auto read = read_compressed(segment.path + ".zst");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*size_of_compressed(segment.path + ".zst"), plain.size());
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{100000}}) {
    EXPECT_EQ(all_of(*read, step), plain);
  }
  Bytes piece(10);
  for (const std::size_t offset : {std::size_t{500}, std::size_t{3}, plain.size() - 10}) {
    ASSERT_EQ(*(*read)(offset, piece), 10U);
    EXPECT_EQ(as_text(piece), plain.substr(offset, 10));
  }
  EXPECT_EQ(*(*read)(plain.size() + 5, piece), 0U);
}

TEST_F(ArchiveTest, OldSegmentsAreRemovedWithTheirCheckpointsAndTheRestIsGood) {
  write(100);
  ASSERT_TRUE(compress_segments(directory_.path()).ok());
  const auto before = segments();
  const auto done = prune_segments(directory_.path(), std::chrono::days(90), clock_.now, keys_);
  ASSERT_TRUE(done.ok()) << describe(done.error());
  EXPECT_GT(done->segments, 0U);
  EXPECT_EQ(segments().size(), before.size() - done->segments);
  EXPECT_EQ(segments().front().first, before[done->segments].first);
  EXPECT_FALSE(
      std::filesystem::exists(checkpoints_in(directory_.path(), before.front().first).path));
  const Inspection seen = inspect();
  ASSERT_FALSE(seen.flaw.has_value()) << seen.flaw->what;
  EXPECT_EQ(seen.good.signed_lines, seen.good.last_sequence);
  EXPECT_EQ(seen.good.first_sequence, segments().front().first);
  EXPECT_EQ(seen.good.pruned, segments().front().first - 1);
  EXPECT_TRUE(doubts(seen.good, true, clock_.now).empty());
}

/// A `compress` that was killed left the first of them in both forms.
TEST_F(ArchiveTest, WhatIsThereInBothFormsGoesInBoth) {
  write(100);
  const auto first = segments().front();
  ASSERT_TRUE(compress_file(first.path, first.path + std::string(kCompressed)).ok());
  const auto done = prune_segments(directory_.path(), std::chrono::days(90), clock_.now, keys_);
  ASSERT_TRUE(done.ok()) << describe(done.error());
  ASSERT_GT(done->segments, 0U);
  EXPECT_FALSE(std::filesystem::exists(first.path));
  EXPECT_FALSE(std::filesystem::exists(first.path + std::string(kCompressed)));
  const Inspection seen = inspect();
  ASSERT_FALSE(seen.flaw.has_value()) << seen.flaw->what;
  EXPECT_EQ(seen.good.pruned, segments().front().first - 1);
}

TEST_F(ArchiveTest, TheRecordOfPruneIsWrittenAnewWhateverStandsInItsWay) {
  write(100);
  const std::string making = directory_.path() + "/pruned.new";
  ASSERT_EQ(::mkfifo(making.c_str(), 0600), 0);
  const auto done = prune_segments(directory_.path(), std::chrono::days(90), clock_.now, keys_);
  ASSERT_TRUE(done.ok()) << describe(done.error());
  EXPECT_FALSE(std::filesystem::exists(making));
  EXPECT_EQ(*read_pruned(directory_.path()), segments().front().first - 1);
  struct stat status {};
  ASSERT_EQ(::stat((directory_.path() + "/pruned").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
}

class MissingBeginningTest : public ArchiveTest {
 protected:
  /// As a thief does.
  void take_first(std::size_t count) const {
    const auto all = segments();
    for (std::size_t i = 0; i < count; ++i) {
      std::filesystem::remove(all[i].path);
      std::filesystem::remove(checkpoints_in(directory_.path(), all[i].first).path);
    }
  }
  void expect_doubt(std::string_view what, WallTime now,
                    const std::vector<Checkpoint>& given = {}) const {
    const auto seen = inspect_directory(directory_.path(), given, keys_);
    ASSERT_TRUE(seen.ok()) << describe(seen.error());
    ASSERT_FALSE(seen->flaw.has_value()) << seen->flaw->what;
    const auto all = doubts(seen->good, true, now);
    EXPECT_EQ(std::count_if(all.begin(), all.end(),
                            [&](const auto& one) { return one.find(what) != std::string::npos; }),
              1)
        << what;
  }
};

TEST_F(MissingBeginningTest, WithoutARecordOfPruneIsDoubted) {
  take_first(2);
  const std::string missing =
      "lines 1 to " + std::to_string(segments().front().first - 1) + " aren't here, and ";
  expect_doubt(missing + "there is no record that prune removed them", clock_.now + 24h * 365);
  EXPECT_EQ(inspect().good.missing_before(), segments().front().first - 1);
}

TEST_F(MissingBeginningTest, YoungerThanAnythingMayPruneIsDoubtedWhateverTheRecordSays) {
  take_first(2);
  ASSERT_TRUE(write_pruned(directory_.path(), segments().front().first - 1, clock_.now).ok());
  expect_doubt("is less than 90 days old", clock_.now);
  const auto seen = inspect();
  const WallTime begun{std::chrono::seconds(*seen.good.first_time)};
  EXPECT_TRUE(doubts(seen.good, true, begun + kLeastKept).empty());
  EXPECT_EQ(doubts(seen.good, true, begun + kLeastKept - 1s).size(), 1U);
}

TEST_F(MissingBeginningTest, ThatGoesFurtherThanTheRecordIsDoubted) {
  write(100);
  ASSERT_GT(prune_segments(directory_.path(), std::chrono::days(90), clock_.now, keys_)->segments,
            0U);
  const std::uint64_t pruned = segments().front().first - 1;
  take_first(1);
  expect_doubt("prune says that it removed them up to line " + std::to_string(pruned),
               clock_.now + 24h * 365);
}

TEST_F(MissingBeginningTest, WithACheckpointOfWhatIsMissingIsDoubted) {
  const auto all = segments();
  const std::string file = read_all(checkpoints_in(directory_.path(), all[0].first).path);
  std::vector<Checkpoint> old;
  const std::string first(split_notes(file).front());
  ASSERT_TRUE(add_checkpoints(old, first, keys_).ok());
  take_first(2);
  ASSERT_TRUE(write_pruned(directory_.path(), segments().front().first - 1, clock_.now).ok());
  const WallTime later = clock_.now + 24h * 365;
  const std::string doubt =
      "of up to " + std::to_string(old[0].size) + " lines, can't be held against what is here";
  expect_doubt(doubt, later, old);
  // That a newer one fits doesn't show that what is left grew out of what was there.
  const std::string last = read_all(checkpoints_in(directory_.path(), all[2].first).path);
  ASSERT_TRUE(add_checkpoints(old, last, keys_).ok());
  expect_doubt(doubt, later, old);
  old.erase(old.begin());
  EXPECT_TRUE(doubts(inspect_directory(directory_.path(), old, keys_)->good, true, later).empty());
}

TEST_F(MissingBeginningTest, WithARecordThatCantBeReadIsBad) {
  for (const char* text :
       {"", "coffer-pruned/1\n", "coffer-pruned/2\n5 at=x\n", "coffer-pruned/1\n0 at=x\n",
        "coffer-pruned/1\n-5 at=x\n", "coffer-pruned/1\n5\n", "coffer-pruned/1\n5 at=x",
        "coffer-pruned/1\n5 at=x\n6 at=x\n", "coffer-pruned/1\n99999999999999999999 at=x\n"}) {
    write_all(directory_.path() + "/pruned", text);
    const Inspection seen = inspect();
    ASSERT_TRUE(seen.flaw.has_value()) << text;
    EXPECT_EQ(seen.flaw->file, "pruned");
  }
  ASSERT_TRUE(write_pruned(directory_.path(), 5, clock_.now).ok());
  EXPECT_EQ(*read_pruned(directory_.path()), 5U);
  EXPECT_FALSE(inspect().flaw.has_value());
}

TEST_F(MissingBeginningTest, IsNotRecordedBeforeItIsSureThatAllOfItMayGo) {
  EXPECT_FALSE(prune_segments(directory_.path(), std::chrono::days(90), clock_.now, {}).ok());
  EXPECT_EQ(prune_segments(directory_.path(), std::chrono::days(90), clock_.now, keys_)->segments,
            0U);
  EXPECT_EQ(*read_pruned(directory_.path()), 0U);
}

TEST_F(ArchiveTest, TheNewestTwoStayHoweverOldTheyAre) {
  write(100, false, true);
  const auto done = prune_segments(directory_.path(), std::chrono::days(90), clock_.now, keys_);
  ASSERT_TRUE(done.ok()) << describe(done.error());
  EXPECT_EQ(segments().size(), 2U);
}

TEST_F(ArchiveTest, AClockThatIsAheadRemovesNothing) {
  const std::size_t before = segments().size();
  const auto done =
      prune_segments(directory_.path(), std::chrono::days(90), clock_.now + 24h * 9999, keys_);
  ASSERT_TRUE(done.ok()) << describe(done.error());
  EXPECT_EQ(done->segments, 0U);
  EXPECT_EQ(done->held, before - 2);
  EXPECT_EQ(segments().size(), before);
  EXPECT_EQ(*read_pruned(directory_.path()), 0U);
}

/// The daemon's clock, and so its lines.
TEST_F(ArchiveTest, LinesThatWereWrittenWithAClockThatWasAheadRemoveNothing) {
  const std::size_t before = segments().size();
  clock_.now += 24h * 9999;
  write(3);
  auto done = prune_segments(directory_.path(), std::chrono::days(90), clock_.now, keys_);
  ASSERT_TRUE(done.ok()) << describe(done.error());
  EXPECT_EQ(done->segments, 0U);
  EXPECT_GE(done->held, before - 2);
  clock_.now -= 24h * 9999;
  // Set right: what comes after counts on.
  write(95);
  done = prune_segments(directory_.path(), std::chrono::days(90), clock_.now, keys_);
  ASSERT_TRUE(done.ok()) << describe(done.error());
  EXPECT_GT(done->segments, 0U);
  EXPECT_EQ(done->held, 0U);
}

TEST_F(ArchiveTest, NothingIsRemovedBelowTheFloorOrWithoutAKeyOrOfABadLog) {
  const WallTime late = clock_.now + 24h * 9999;
  const std::size_t before = segments().size();
  EXPECT_EQ(prune_segments(directory_.path(), std::chrono::days(89), late, keys_).error().code,
            ErrorCode::invalid_argument);
  EXPECT_EQ(prune_segments(directory_.path(), std::chrono::days(90), late, {}).error().code,
            ErrorCode::invalid_argument);
  EXPECT_EQ(prune_segments(directory_.path(), std::chrono::days(90), clock_.now, keys_)->segments,
            0U)
      << "nothing is that old";
  const auto last = segments().back();
  std::string bytes = read_all(last.path);
  bytes[40] = static_cast<char>(bytes[40] ^ 1);
  write_all(last.path, bytes);
  EXPECT_EQ(prune_segments(directory_.path(), std::chrono::days(90), late, keys_).error().code,
            ErrorCode::corrupt);
  EXPECT_EQ(segments().size(), before);
}

TEST_F(ArchiveTest, WhatIsNotSignedIsNotRemoved) {
  write(100);
  const auto all = *list_checkpoints(directory_.path());
  for (std::size_t i = 1; i < all.size(); ++i) std::filesystem::remove(all[i].path);
  const auto done = prune_segments(directory_.path(), std::chrono::days(90), clock_.now, keys_);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, ErrorCode::precondition);
  EXPECT_GT(segments().size(), 2U);
}

}  // namespace
}  // namespace coffer::audit::test
