// A log held against checkpoints that were kept elsewhere: what was done to it shows.
#include <gtest/gtest.h>

#include "coffer/audit/known.h"
#include "fakes/soft_signer.h"
#include "log_kit.h"
#include "src/audit/segments.h"

namespace coffer::audit::test {
namespace {

/// A log of some segments, with a checkpoint after each step.
class SignedLogTest : public LogTest {
 protected:
  void SetUp() override { write(20); }

  void write(std::uint64_t steps) {
    LogConfig small = config();
    small.segment_bytes = 1500;
    const auto log = *open_log(small, clock_);
    for (std::uint64_t i = 0; i < steps; ++i) {
      append(*log, {request(i), response(i)}, true);
      const SyncedTree tree = *log->synced_tree();
      known_.push_back({log_origin(kNode), tree.size, tree.root});
    }
  }
  [[nodiscard]] std::vector<Segment> segments() const { return *list_segments(directory_.path()); }
  [[nodiscard]] Inspection inspect() const { return *inspect_directory(directory_.path(), known_); }
  [[nodiscard]] Inspection inspect(const Checkpoint& one) const {
    return *inspect_directory(directory_.path(), {one});
  }
  void expect_bad(std::string_view what) const {
    const Inspection seen = inspect();
    ASSERT_TRUE(seen.flaw.has_value());
    EXPECT_NE(seen.flaw->what.find(what), std::string::npos) << seen.flaw->what;
  }
  /// The chain made whole again from some line on, as whoever may write the files can.
  void rewrite(const std::function<void(std::vector<std::string>&)>& change) const {
    std::vector<std::string> all;
    const auto whole = segments();
    for (const Segment& segment : whole) {
      for (std::string& line : split(read_all(segment.path))) all.push_back(std::move(line));
      std::filesystem::remove(segment.path);
    }
    std::erase_if(all, [](const std::string& line) {
      return line.find("\"type\":\"segment\"") != std::string::npos;
    });
    change(all);
    std::vector<std::string> out;
    std::string previous(64, '0');
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::string body = all[i].substr(0, all[i].find(",\"node\":"));
      const bool opens = body.find("\"type\":\"request\"") != std::string::npos;
      out.push_back(finished(body, i + 1, opens ? i + 1 : 0, previous));
      previous = hash_of(out.back());
    }
    write_all(segment(), join(out));
  }

  std::vector<Checkpoint> known_;
};

TEST_F(SignedLogTest, AsItWasWrittenIsGood) {
  ASSERT_GT(segments().size(), 3U);
  const Inspection seen = inspect();
  ASSERT_FALSE(seen.flaw.has_value()) << seen.flaw->what;
  EXPECT_EQ(seen.good.checkpoints, 20U);
  EXPECT_EQ(seen.good.signed_lines, seen.good.last_sequence);
  EXPECT_EQ(seen.good.root, to_base64(known_.back().root));
}

TEST_F(SignedLogTest, WithLinesThatNoCheckpointCoversSaysHowFarTheyReach) {
  const std::uint64_t covered = known_.back().size;
  { append(*open(), {event("note")}, true); }
  const Inspection seen = inspect();
  ASSERT_FALSE(seen.flaw.has_value());
  EXPECT_EQ(seen.good.signed_lines, covered);
  EXPECT_GT(seen.good.last_sequence, covered);
}

TEST_F(SignedLogTest, WithItsTailCutIsFound) {
  std::filesystem::remove(segments().back().path);
  EXPECT_TRUE(verify_directory(directory_.path()).ok());
  expect_bad("cut off at the end");
}

TEST_F(SignedLogTest, WithItsLastLineCutIsFound) {
  auto lines = split(read_all(segments().back().path));
  lines.pop_back();
  write_all(segments().back().path, join(lines));
  expect_bad("cut off at the end");
}

TEST_F(SignedLogTest, WithItsLastLineEditedIsFound) {
  std::string bytes = read_all(segments().back().path);
  const std::size_t at = bytes.rfind("2026-01-01T00:00:00Z");
  bytes.replace(at, 4, "2025");
  write_all(segments().back().path, bytes);
  EXPECT_TRUE(verify_directory(directory_.path()).ok());
  expect_bad("are not those that were signed");
}

TEST_F(SignedLogTest, WrittenAnewWithALineEditedIsFound) {
  rewrite([](std::vector<std::string>& lines) { lines[5].replace(9, 4, "2025"); });
  EXPECT_TRUE(verify_directory(directory_.path()).ok());
  expect_bad("are not those that were signed");
}

TEST_F(SignedLogTest, WrittenAnewWithoutSomeLinesIsFound) {
  rewrite(
      [](std::vector<std::string>& lines) { lines.erase(lines.begin() + 3, lines.begin() + 5); });
  EXPECT_TRUE(verify_directory(directory_.path()).ok());
  expect_bad("signed");
}

TEST_F(SignedLogTest, WrittenAnewWithALineAddedIsFound) {
  rewrite([](std::vector<std::string>& lines) { lines.insert(lines.begin() + 1, lines[0]); });
  EXPECT_TRUE(verify_directory(directory_.path()).ok());
  expect_bad("are not those that were signed");
}

TEST_F(SignedLogTest, WrittenAnewInAnotherOrderIsFound) {
  rewrite([](std::vector<std::string>& lines) {
    std::swap(lines[1], lines[3]);
    std::swap(lines[2], lines[4]);
  });
  EXPECT_TRUE(verify_directory(directory_.path()).ok());
  expect_bad("are not those that were signed");
}

TEST_F(SignedLogTest, PutBackToAnOlderStateAndGoneOnIsFound) {
  const auto whole = segments();
  for (std::size_t i = 2; i < whole.size(); ++i) std::filesystem::remove(whole[i].path);
  const auto before = known_;
  known_.clear();
  write(30);
  EXPECT_FALSE(inspect().flaw.has_value());
  known_ = before;
  expect_bad("are not those that were signed");
}

TEST_F(SignedLogTest, WithASegmentReplacedIsFound) {
  const std::string path = segments()[1].path;
  std::string bytes = read_all(path);
  bytes.replace(bytes.rfind("2026-01-01"), 4, "2025");
  write_all(path, bytes);
  expect_bad("");
}

TEST_F(SignedLogTest, WithoutItsFirstSegmentsIsHeldAgainstTheCheckpointsThatAreLeft) {
  const auto whole = segments();
  std::filesystem::remove(whole[0].path);
  std::filesystem::remove(whole[1].path);
  const Inspection seen = inspect();
  ASSERT_FALSE(seen.flaw.has_value()) << seen.flaw->what;
  EXPECT_EQ(seen.good.first_sequence, whole[2].first);
  EXPECT_LT(seen.good.checkpoints, 20U);
  EXPECT_EQ(seen.good.signed_lines, seen.good.last_sequence);
}

TEST_F(SignedLogTest, WithATreeToldWronglyInItsFirstSegmentIsFound) {
  const auto whole = segments();
  std::filesystem::remove(whole[0].path);
  auto lines = split(read_all(whole[1].path));
  std::string& first = lines.front();
  const std::size_t at = first.find("\"tree\":[\"") + 9;
  first[at] = first[at] == '0' ? '1' : '0';
  for (std::size_t i = 2; i < whole.size(); ++i) std::filesystem::remove(whole[i].path);
  write_all(whole[1].path, first + "\n");
  known_.erase(std::remove_if(known_.begin(), known_.end(),
                              [&](const Checkpoint& c) { return c.size > whole[1].first; }),
               known_.end());
  known_.push_back({log_origin(kNode), whole[1].first, {}});
  expect_bad("are not those that were signed");
}

TEST_F(SignedLogTest, IsNotHeldAgainstTheCheckpointOfAnotherLog) {
  Checkpoint other = known_.back();
  other.origin = log_origin(id_of(7));
  ASSERT_TRUE(inspect(other).flaw.has_value());
  EXPECT_NE(inspect(other).flaw->what.find("another log"), std::string::npos);
}

TEST_F(SignedLogTest, WithEachCheckpointAloneIsGoodAndWithItsRootChangedBad) {
  for (Checkpoint checkpoint : known_) {
    EXPECT_FALSE(inspect(checkpoint).flaw.has_value());
    checkpoint.root[31] ^= 1U;
    EXPECT_TRUE(inspect(checkpoint).flaw.has_value());
  }
}

TEST_F(SignedLogTest, WhoseClockWentBackSaysWhereAndHowFar) {
  LogConfig small = config();
  const auto line = [](std::string_view time) {
    return Line{
        Line::Kind::system, {}, "{\"time\":\"" + std::string(time) + "\",\"type\":\"note\""};
  };
  {
    const auto log = *open_log(small, clock_);
    append(*log, {line("2026-01-01T01:00:00Z"), line("2026-01-01T00:59:01Z")}, true);
    EXPECT_FALSE(inspect().good.clock_back.has_value());
    append(*log, {line("2026-01-01T00:58:30Z")}, true);
  }
  const Inspection seen = inspect();
  EXPECT_FALSE(seen.flaw.has_value());
  ASSERT_TRUE(seen.good.clock_back.has_value());
  EXPECT_EQ(seen.good.clock_back->seconds, 90);
  EXPECT_EQ(seen.good.clock_back->file, segments().back().name);
}

TEST(Known, TakesKeysInPemAndAsVerifierKeys) {
  fakes::SoftSigner signer(7);
  const Checkpoint checkpoint{log_origin(kNode), 3, {}};
  const std::string note = *sign_checkpoint(checkpoint, signer);
  const std::string vkey = to_text(*note_key(checkpoint.origin, signer.public_key()));
  for (const std::string& file : {crypto::pem_from_spki(signer.public_key()), vkey + "\n"}) {
    TrustedKeys keys;
    ASSERT_TRUE(add_keys(keys, file).ok());
    std::vector<Checkpoint> known;
    const auto added = add_checkpoints(known, note + "\n" + note, keys);
    ASSERT_TRUE(added.ok()) << describe(added.error());
    EXPECT_EQ(known, (std::vector<Checkpoint>{checkpoint, checkpoint}));
  }
  TrustedKeys keys;
  EXPECT_FALSE(add_keys(keys, "").ok());
  EXPECT_FALSE(add_keys(keys, "no key\n").ok());
}

TEST(Known, TakesNoCheckpointOfAnotherKeyAndNoHalfOne) {
  fakes::SoftSigner signer(7);
  fakes::SoftSigner other(8);
  TrustedKeys keys;
  ASSERT_TRUE(add_keys(keys, crypto::pem_from_spki(signer.public_key())).ok());
  const Checkpoint checkpoint{log_origin(kNode), 3, {}};
  const std::string good = *sign_checkpoint(checkpoint, signer);
  std::vector<Checkpoint> known;
  for (const std::string& file :
       {std::string(), good + *sign_checkpoint(checkpoint, other), good.substr(0, 60),
        good.substr(0, good.size() - 1), std::string("rest\n")}) {
    EXPECT_EQ(add_checkpoints(known, file, keys).error().code, ErrorCode::corrupt);
  }
  known.clear();
  ASSERT_TRUE(add_checkpoints(known, good + good.substr(0, 20), keys).ok()) << "torn at its end";
  EXPECT_EQ(known.size(), 1U);
}

}  // namespace
}  // namespace coffer::audit::test
