// A log and the checkpoints beside it, tampered with in every way that there is a name for.
#include <functional>

#include "coffer/audit/checkpointer.h"
#include "coffer/audit/known.h"
#include "fakes/soft_signer.h"
#include "log_kit.h"
#include "src/audit/segments.h"

namespace coffer::audit::test {
namespace {

/// Several segments, signed after each pair of lines; the key changes in the middle.
class OwnCheckpointsTest : public LogTest {
 protected:
  void SetUp() override { write(directory_.path(), 24); }

  void write(const std::string& directory, std::uint64_t steps, std::uint64_t salt = 0) {
    LogConfig small{directory, kNode, Durability::crash};
    small.segment_bytes = 3000;
    const auto log = *open_log(small, clock_);
    auto signer = first_;
    Checkpointer signing(
        *log, clock_, {directory, kNode, Durability::crash}, [&] { return signer; },
        Checkpointer::Threads::none);
    for (std::uint64_t i = 0; i < steps; ++i) {
      if (i == steps / 2) signer = second_;
      append(*log, {request(salt + i), response(salt + i)}, true);
      signing.round();
    }
  }
  [[nodiscard]] std::string path(const std::string& name) const {
    return directory_.path() + "/" + name;
  }
  [[nodiscard]] std::vector<Segment> segments() const { return *list_segments(directory_.path()); }
  [[nodiscard]] std::vector<Segment> notes() const { return *list_checkpoints(directory_.path()); }
  [[nodiscard]] static std::vector<std::string> notes_in(const Segment& file) {
    const std::string text = read_all(file.path);
    const auto views = split_notes(text);
    return {views.begin(), views.end()};
  }
  static void write_notes(const Segment& file, const std::vector<std::string>& notes) {
    std::string text;
    for (const std::string& note : notes) text.append(note).append("\n");
    write_all(file.path, text);
  }
  [[nodiscard]] TrustedKeys keys() const {
    TrustedKeys keys;
    for (const auto& signer : {first_, second_}) {
      keys.bare.push_back(to_bytes(signer->public_key()));
    }
    return keys;
  }
  [[nodiscard]] Inspection inspect() const {
    return *inspect_directory(directory_.path(), {}, keys());
  }
  /// What the flaw says, in what file.
  void expect_bad(std::string_view what, const std::string& file = {}) const {
    const auto seen = inspect_directory(directory_.path(), {}, keys());
    ASSERT_TRUE(seen.ok()) << describe(seen.error());
    ASSERT_TRUE(seen->flaw.has_value());
    EXPECT_NE(seen->flaw->what.find(what), std::string::npos) << seen->flaw->what;
    if (!file.empty()) {
      EXPECT_EQ(seen->flaw->file, file);
    }
  }
  std::shared_ptr<crypto::Signer> first_ = std::make_shared<fakes::SoftSigner>(std::uint8_t{7});
  std::shared_ptr<crypto::Signer> second_ = std::make_shared<fakes::SoftSigner>(std::uint8_t{8});
};

TEST_F(OwnCheckpointsTest, AsTheyWereWrittenAreGoodAndCoverEveryLine) {
  ASSERT_GT(segments().size(), 3U);
  const Inspection seen = inspect();
  ASSERT_FALSE(seen.flaw.has_value()) << seen.flaw->file << seen.flaw->what;
  EXPECT_EQ(seen.good.signed_lines, seen.good.last_sequence);
  EXPECT_GE(seen.good.checkpoints, 24U);
  EXPECT_EQ(seen.good.foreign_checkpoints, 0U);
}

TEST_F(OwnCheckpointsTest, WithoutKeysTheLogsOwnAreTaken) {
  const Inspection seen = *inspect_directory(directory_.path());
  ASSERT_FALSE(seen.flaw.has_value()) << seen.flaw->what;
  EXPECT_EQ(seen.good.signed_lines, seen.good.last_sequence);
}

TEST_F(OwnCheckpointsTest, ACopyOfTheFileSignersServesAsKeys) {
  TrustedKeys kept;
  ASSERT_TRUE(add_keys(kept, read_all(path("signers"))).ok());
  EXPECT_EQ(kept.periods.size(), 2U);
  const Inspection seen = *inspect_directory(directory_.path(), {}, kept);
  ASSERT_FALSE(seen.flaw.has_value()) << seen.flaw->what;
  EXPECT_EQ(seen.good.signed_lines, seen.good.last_sequence);
}

/// The newest covers all that is before it, so the first key's own need not be known.
TEST_F(OwnCheckpointsTest, TheNewestKeyAloneIsEnough) {
  TrustedKeys newest;
  newest.bare.push_back(to_bytes(second_->public_key()));
  const Inspection seen = *inspect_directory(directory_.path(), {}, newest);
  ASSERT_FALSE(seen.flaw.has_value()) << seen.flaw->what;
  EXPECT_EQ(seen.good.signed_lines, seen.good.last_sequence);
  EXPECT_GT(seen.good.foreign_checkpoints, 0U);
}

/// The same tree, signed with a key of one's own.
std::string signed_anew(const std::string& note) {
  const Checkpoint checkpoint = parse_checkpoint(note)->checkpoint;
  fakes::SoftSigner stranger(std::uint8_t{99});
  return *sign_checkpoint(checkpoint, stranger);
}

TEST_F(OwnCheckpointsTest, AnyThatAForeignKeySignsIsNamedWhereTheKeyOfThatTimeIsKnown) {
  TrustedKeys kept;
  ASSERT_TRUE(add_keys(kept, read_all(path("signers"))).ok());
  for (const auto& file : notes()) {
    const auto good = notes_in(file);
    for (std::size_t i = 0; i < good.size(); ++i) {
      auto changed = good;
      changed[i] = signed_anew(good[i]);
      write_notes(file, changed);
      const Inspection seen = *inspect_directory(directory_.path(), {}, kept);
      ASSERT_TRUE(seen.flaw.has_value()) << file.name << " " << i;
      EXPECT_NE(seen.flaw->what.find("not one of those given"), std::string::npos);
      EXPECT_EQ(seen.flaw->file, std::filesystem::path(file.path).filename().string());
      EXPECT_EQ(seen.flaw->line, i + 1);
    }
    write_notes(file, good);
  }
  ASSERT_FALSE(inspect_directory(directory_.path(), {}, kept)->flaw.has_value());
}

/// One key alone doesn't say since when it signs: a stranger may be one that was retired.
TEST_F(OwnCheckpointsTest, AForeignKeyBehindTheOneThatIsKnownIsADoubt) {
  TrustedKeys newest;
  newest.bare.push_back(to_bytes(second_->public_key()));
  const auto before = *inspect_directory(directory_.path(), {}, newest);
  EXPECT_EQ(before.good.late_foreign, 0U) << "of the key before are strangers, and no doubt";
  const auto file = notes()[notes().size() - 2];
  auto changed = notes_in(file);
  changed.back() = signed_anew(changed.back());
  write_notes(file, changed);
  const auto told_since = *inspect_directory(directory_.path(), {}, newest);
  ASSERT_TRUE(told_since.flaw.has_value()) << "the log's own `signers` says since when";
  EXPECT_NE(told_since.flaw->what.find("not one of those given"), std::string::npos);
  std::filesystem::remove(path("signers"));
  const auto seen = *inspect_directory(directory_.path(), {}, newest);
  ASSERT_FALSE(seen.flaw.has_value()) << seen.flaw->what;
  EXPECT_EQ(seen.good.late_foreign, parse_checkpoint(changed.back())->checkpoint.size);
  const auto told = doubts(seen.good, true, WallTime());
  EXPECT_TRUE(std::any_of(told.begin(), told.end(), [](const std::string& doubt) {
    return doubt.find("not one of those given, behind one that was") != std::string::npos;
  }));
}

/// As a witness adds its own to a note.
TEST_F(OwnCheckpointsTest, AFurtherSignatureOfAStrangerIsNone) {
  TrustedKeys kept;
  ASSERT_TRUE(add_keys(kept, read_all(path("signers"))).ok());
  const auto file = notes().front();
  auto more = notes_in(file);
  const std::string other = signed_anew(more.front());
  more.front() += other.substr(other.find("\n\n") + 2);
  write_notes(file, more);
  const auto seen = *inspect_directory(directory_.path(), {}, kept);
  ASSERT_FALSE(seen.flaw.has_value()) << seen.flaw->what;
  EXPECT_EQ(seen.good.foreign_checkpoints, 0U);
}

TEST_F(OwnCheckpointsTest, AnyCopyWithoutItsFirstSegmentsIsGood) {
  const auto all = segments();
  for (std::size_t gone = 0; gone + 1 < all.size(); ++gone) {
    std::filesystem::remove(all[gone].path);
    const Inspection seen = inspect();
    ASSERT_FALSE(seen.flaw.has_value()) << seen.flaw->file << ": " << seen.flaw->what;
    EXPECT_EQ(seen.good.signed_lines, seen.good.last_sequence);
  }
}

TEST_F(OwnCheckpointsTest, UnsignedTail) {
  write_notes(notes().back(), {});
  auto last = notes()[notes().size() - 2];
  const Inspection seen = inspect();
  ASSERT_FALSE(seen.flaw.has_value()) << seen.flaw->what;
  EXPECT_EQ(seen.good.signed_lines, parse_checkpoint(notes_in(last).back())->checkpoint.size);
  EXPECT_LT(seen.good.signed_lines, seen.good.last_sequence);
}

TEST_F(OwnCheckpointsTest, TornLastCheckpointIsAnUnsignedTail) {
  const auto file = notes().back();
  const std::string whole = read_all(file.path);
  write_all(file.path, whole.substr(0, whole.size() - 10));
  const Inspection seen = inspect();
  ASSERT_FALSE(seen.flaw.has_value()) << seen.flaw->what;
  EXPECT_LT(seen.good.signed_lines, seen.good.last_sequence);
}

TEST_F(OwnCheckpointsTest, CutTail) {
  auto lines = split(read_all(segments().back().path));
  lines.pop_back();
  write_all(segments().back().path, join(lines));
  expect_bad("cut off at the end");
}

TEST_F(OwnCheckpointsTest, CutTailOfAWholeSegment) {
  std::filesystem::remove(segments().back().path);
  expect_bad("cut off at the end");
}

TEST_F(OwnCheckpointsTest, RemovedSegmentInTheMiddle) {
  std::filesystem::remove(segments()[1].path);
  expect_bad("are in no file before this one");
}

TEST_F(OwnCheckpointsTest, EditedLastLine) {
  std::string bytes = read_all(segments().back().path);
  bytes.replace(bytes.rfind("2026-01-01T00:00:00Z"), 4, "2025");
  write_all(segments().back().path, bytes);
  expect_bad("are not those that were signed", segments().back().name);
}

/// Everything from some segment on is exchanged for what another run of the same node wrote.
TEST_F(OwnCheckpointsTest, ReplacedSegments) {
  const TemporaryDirectory other;
  write(other.path(), 24, 1000);
  for (const Segment& segment : segments()) {
    std::filesystem::copy_file(other.path() + "/" + segment.name, segment.path,
                               std::filesystem::copy_options::overwrite_existing);
  }
  expect_bad("are not those that were signed", segments().front().name);
}

TEST_F(OwnCheckpointsTest, Fork) {
  const TemporaryDirectory other;
  write(other.path(), 24, 1000);
  // A checkpoint of the other history, signed by the token itself, among this one's.
  auto mine = notes_in(notes().back());
  const auto theirs = notes_in(list_checkpoints(other.path())->back());
  mine.push_back(theirs.back());
  write_notes(notes().back(), mine);
  expect_bad("are not those that were signed");
}

TEST_F(OwnCheckpointsTest, WrittenAnewAndSignedWithAnotherKey) {
  std::filesystem::remove_all(directory_.path());
  const auto token = first_;
  first_ = second_ = std::make_shared<fakes::SoftSigner>(std::uint8_t{66});
  write(directory_.path(), 24, 1000);
  EXPECT_FALSE(inspect_directory(directory_.path())->flaw.has_value()) << "whole in itself";
  first_ = second_ = token;
  expect_bad("signed with a key that is not one of those given");
}

TEST_F(OwnCheckpointsTest, ReSignedFromSomeLineOnWithAnotherKey) {
  fakes::SoftSigner other(66);
  auto mine = notes_in(notes().back());
  for (std::string& note : mine) {
    note = *sign_checkpoint(parse_checkpoint(note)->checkpoint, other);
  }
  write_notes(notes().back(), mine);
  expect_bad("signed with a key that is not one of those given");
}

TEST_F(OwnCheckpointsTest, UseOfARetiredKey) {
  auto mine = notes_in(notes().back());
  mine.push_back(*sign_checkpoint(parse_checkpoint(mine.back())->checkpoint, *first_));
  write_notes(notes().back(), mine);
  expect_bad("was retired at line", notes().back().name);
}

/// Who took the key's line out of the log's own file is caught by the copy that was kept.
TEST_F(OwnCheckpointsTest, UseOfARetiredKeyWhoseSuccessorWasTakenOut) {
  TrustedKeys kept;
  ASSERT_TRUE(add_keys(kept, read_all(path("signers"))).ok());
  write_all(path("signers"), split(read_all(path("signers")))[0] + "\n");
  for (const Segment& file : notes()) {
    auto mine = notes_in(file);
    for (std::string& note : mine) {
      note = *sign_checkpoint(parse_checkpoint(note)->checkpoint, *first_);
    }
    write_notes(file, mine);
  }
  EXPECT_FALSE(inspect().flaw.has_value()) << "nothing tells when the key was retired";
  const Inspection seen = *inspect_directory(directory_.path(), {}, kept);
  ASSERT_TRUE(seen.flaw.has_value());
  EXPECT_NE(seen.flaw->what.find("was retired at line"), std::string::npos) << seen.flaw->what;
}

/// As whoever has the retired key can: another log of that many lines in the place of this one,
/// each of them signed with it.
class RetiredKeyTest : public OwnCheckpointsTest {
 protected:
  void SetUp() override {
    OwnCheckpointsTest::SetUp();
    ASSERT_TRUE(add_keys(kept_, read_all(path("signers"))).ok());
    since_ = kept_.periods.back().since;
  }
  void write_anew(std::uint64_t signed_size, std::uint64_t size) {
    std::filesystem::remove_all(directory_.path());
    const auto log = *open_log({directory_.path(), kNode, Durability::crash}, clock_);
    Checkpointer signing(
        *log, clock_, {directory_.path(), kNode, Durability::crash}, [&] { return first_; },
        Checkpointer::Threads::none);
    while (log->synced_tree()->size < size) {
      append(*log, {event("forged")}, true);
      const std::uint64_t now = log->synced_tree()->size;
      if (now >= kept_.periods.front().since && now <= signed_size) signing.round();
    }
    ASSERT_EQ(log->synced_tree()->size, size);
  }
  void expect_caught(std::string_view what) const {
    const auto seen = inspect_directory(directory_.path(), {}, kept_);
    ASSERT_TRUE(seen.ok()) << describe(seen.error());
    ASSERT_TRUE(seen->flaw.has_value());
    EXPECT_NE(seen->flaw->what.find(what), std::string::npos) << seen->flaw->what;
  }
  TrustedKeys kept_;
  std::uint64_t since_ = 0;
};

TEST_F(RetiredKeyTest, CantSignALogThatEndsBeforeItWasRetired) {
  for (const std::uint64_t size : {kept_.periods.front().since, since_ - 1}) {
    write_anew(size, size);
    expect_caught("a key signs since line " + std::to_string(since_) +
                  ", and the log ends with line " + std::to_string(size));
  }
}

TEST_F(RetiredKeyTest, CantSignALogThatEndsWhereItWasRetiredOrGoesOnUnsigned) {
  for (const std::uint64_t size : {since_, since_ + 3}) {
    write_anew(since_, size);
    expect_caught("is of one that was retired");
    write_anew(since_ - 1, size);
    expect_caught("is of one that was retired");
  }
}

TEST_F(RetiredKeyTest, SaysNothingOfALogWithoutAnyCheckpoint) {
  write_anew(0, since_);
  const Inspection seen = *inspect_directory(directory_.path(), {}, kept_);
  EXPECT_FALSE(seen.flaw.has_value());
  EXPECT_EQ(seen.good.signed_lines, 0U);
}

TEST_F(RetiredKeyTest, IsNotAllThatSignedWhatWasCutOffBeforeTheChange) {
  std::uint64_t cut = 0;
  for (const Segment& file : notes()) {
    for (const std::string& note : notes_in(file)) {
      const std::uint64_t size = parse_checkpoint(note)->checkpoint.size;
      if (size < since_) cut = std::max(cut, size);
    }
  }
  ASSERT_GT(cut, 0U);
  for (const Segment& segment : segments()) {
    const Segment file = checkpoints_in(directory_.path(), segment.first);
    if (segment.first > cut) {
      std::filesystem::remove(segment.path);
      std::filesystem::remove(file.path);
      continue;
    }
    auto mine = notes_in(file);
    std::erase_if(mine,
                  [&](const auto& note) { return parse_checkpoint(note)->checkpoint.size > cut; });
    write_notes(file, mine);
    auto lines = split(read_all(segment.path));
    lines.resize(std::min<std::size_t>(lines.size(), cut - segment.first + 1));
    write_all(segment.path, join(lines));
  }
  ASSERT_FALSE(inspect().flaw.has_value()) << "it is whole in itself";
  expect_caught("lines were cut off at the end");
}

TEST_F(RetiredKeyTest, IsFollowedByTheNewOneInALogThatEndsThere) {
  std::filesystem::remove_all(directory_.path());
  const auto log = *open_log({directory_.path(), kNode, Durability::crash}, clock_);
  auto signer = first_;
  Checkpointer signing(
      *log, clock_, {directory_.path(), kNode, Durability::crash}, [&] { return signer; },
      Checkpointer::Threads::none);
  append(*log, {event("note")}, true);
  signing.round();
  signer = second_;
  signing.round();
  TrustedKeys kept;
  ASSERT_TRUE(add_keys(kept, read_all(path("signers"))).ok());
  ASSERT_EQ(kept.periods.back().since, log->synced_tree()->size);
  const Inspection seen = *inspect_directory(directory_.path(), {}, kept);
  EXPECT_FALSE(seen.flaw.has_value()) << seen.flaw->what;
  EXPECT_EQ(seen.good.signed_lines, seen.good.last_sequence);
}

TEST_F(RetiredKeyTest, IsNoMatterWhereACheckpointOfTheNewOneWasKept) {
  std::vector<Checkpoint> given;
  ASSERT_TRUE(add_checkpoints(given, notes_in(notes().back()).back(), kept_).ok());
  for (const Segment& file : notes()) {
    auto mine = notes_in(file);
    std::erase_if(mine, [&](const std::string& note) {
      return parse_checkpoint(note)->checkpoint.size >= since_;
    });
    write_notes(file, mine);
  }
  expect_caught("is of one that was retired");
  const Inspection seen = *inspect_directory(directory_.path(), given, kept_);
  EXPECT_FALSE(seen.flaw.has_value()) << seen.flaw->what;
}

TEST_F(RetiredKeyTest, OfAnotherLogIsNotHeldAgainstThisOne) {
  for (KeyPeriod& period : kept_.periods) period.key.name = log_origin(id_of(99));
  kept_.bare = keys().bare;
  EXPECT_FALSE(inspect_directory(directory_.path(), {}, kept_)->flaw.has_value());
}

TEST_F(OwnCheckpointsTest, UseOfAKeyBeforeItsTime) {
  auto mine = notes_in(notes().front());
  mine[0] = *sign_checkpoint(parse_checkpoint(mine[0])->checkpoint, *second_);
  write_notes(notes().front(), mine);
  expect_bad("was not in force yet", notes().front().name);
}

TEST_F(OwnCheckpointsTest, EditedCheckpointWhereverItIsEdited) {
  const auto file = notes().front();
  const std::string whole = read_all(file.path);
  for (std::size_t at = 0; at < whole.size() && at < 400; ++at) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    write_all(file.path, bytes);
    const Inspection seen = inspect();
    // Only the name or the id before a signature say whose it is: changed, it is a stranger's.
    EXPECT_TRUE(seen.flaw.has_value() || seen.good.foreign_checkpoints == 1) << at;
  }
}

TEST_F(OwnCheckpointsTest, DeletedCheckpointsInTheMiddleAreCoveredByLaterOnes) {
  std::filesystem::remove(notes()[1].path);
  const Inspection seen = inspect();
  ASSERT_FALSE(seen.flaw.has_value()) << seen.flaw->what;
  EXPECT_EQ(seen.good.signed_lines, seen.good.last_sequence);
}

TEST_F(OwnCheckpointsTest, ReorderedCheckpoints) {
  auto mine = notes_in(notes().front());
  ASSERT_GT(mine.size(), 1U);
  std::swap(mine[0], mine[1]);
  write_notes(notes().front(), mine);
  expect_bad("fewer lines than the one before", notes().front().name);
}

TEST_F(OwnCheckpointsTest, CheckpointsOfAnotherSegment) {
  write_notes(notes()[1], notes_in(notes()[0]));
  expect_bad("is not in this segment", notes()[1].name);
}

TEST_F(OwnCheckpointsTest, CheckpointsOfAnotherNode) {
  auto mine = notes_in(notes().front());
  Checkpoint of_other = parse_checkpoint(mine[0])->checkpoint;
  of_other.origin = log_origin(id_of(99));
  mine[0] = *sign_checkpoint(of_other, *first_);
  write_notes(notes().front(), mine);
  expect_bad("is of another log");
}

TEST_F(OwnCheckpointsTest, ClockThatGoesBackInASignedLog) {
  const TemporaryDirectory other;
  const auto log = *open_log({other.path(), kNode, Durability::crash}, clock_);
  append(*log, {event("later")}, true);
  Line early = event("earlier");
  early.body.replace(early.body.find("2026"), 4, "2025");
  append(*log, {early}, true);
  Checkpointer signing(
      *log, clock_, {other.path(), kNode, Durability::crash}, [&] { return first_; },
      Checkpointer::Threads::none);
  signing.round();
  const Inspection seen = *inspect_directory(other.path(), {}, keys());
  EXPECT_FALSE(seen.flaw.has_value());
  ASSERT_TRUE(seen.good.clock_back.has_value());
  EXPECT_EQ(seen.good.clock_back->line, 3U);
}

}  // namespace
}  // namespace coffer::audit::test
