// A file of checkpoints that somebody takes away while the daemon writes it.
#include "coffer/audit/checkpointer.h"
#include "fakes/soft_signer.h"
#include "log_kit.h"
#include "src/audit/segments.h"

namespace coffer::audit::test {
namespace {

class CheckpointsLostTest : public LogTest {
 protected:
  [[nodiscard]] std::vector<Checkpoint> signed_in() const {
    std::vector<Checkpoint> all;
    const std::string text = read_all(checkpoints_in(directory_.path(), 1).path);
    for (const auto note : split_notes(text)) all.push_back(parse_checkpoint(note)->checkpoint);
    return all;
  }
  std::shared_ptr<crypto::Signer> signer_ = std::make_shared<fakes::SoftSigner>(std::uint8_t{7});
};

TEST_F(CheckpointsLostTest, AFileThatIsTakenAwayIsMissedAndMadeAgain) {
  const auto log = *open_log(config(), clock_);
  Checkpointer checkpointer(
      *log, clock_, {directory_.path(), kNode, Durability::crash, std::chrono::seconds(60)},
      [this] { return signer_; }, Checkpointer::Threads::none);
  append(*log, {event("a")}, true);
  checkpointer.round();
  const std::string path = checkpoints_in(directory_.path(), 1).path;
  const std::string before = read_all(path);
  const auto spoil = [&](int how) {
    if (how == 0) std::filesystem::remove(path);
    if (how == 1) std::filesystem::resize_file(path, before.size() / 2);
    if (how == 2) {
      std::filesystem::rename(path, path + ".old");
      write_all(path, before);
      std::filesystem::permissions(path, std::filesystem::perms(0600));
    }
  };
  for (const int how : {0, 1, 2}) {
    spoil(how);
    checkpointer.round();  // nothing else was written
    const auto lines = split(read_all(segment_in(directory_.path(), 1).path));
    EXPECT_NE(lines.back().find("\"type\":\"checkpoints_lost\""), std::string::npos) << how;
    ASSERT_FALSE(signed_in().empty()) << how;
    EXPECT_EQ(signed_in().back().size, lines.size()) << how;
    checkpointer.round();
    EXPECT_EQ(signed_in().back().size, lines.size()) << how;
  }
  const auto seen = *inspect_directory(directory_.path());
  EXPECT_FALSE(seen.flaw.has_value()) << seen.flaw->what;
}

/// As of a full disk: the line is written as soon as the log takes one, and once.
TEST_F(CheckpointsLostTest, TheLossIsToldWhenTheLogTakesALineAgain) {
  const auto log = *open_log(config(), clock_);
  Checkpointer checkpointer(
      *log, clock_, {directory_.path(), kNode, Durability::crash, std::chrono::seconds(60)},
      [this] { return signer_; }, Checkpointer::Threads::none);
  append(*log, {event("a")}, true);
  checkpointer.round();
  const std::string segment = segment_in(directory_.path(), 1).path;
  std::filesystem::rename(segment, segment + ".away");
  std::filesystem::remove(checkpoints_in(directory_.path(), 1).path);
  for (int i = 0; i < 3; ++i) {
    clock_.now += std::chrono::seconds(2);
    checkpointer.round();
    EXPECT_TRUE(checkpointer.status().unsigned_since.has_value());
  }
  std::filesystem::rename(segment + ".away", segment);
  for (int i = 0; i < 3; ++i) {
    clock_.now += std::chrono::seconds(2);
    checkpointer.round();
  }
  const auto lines = split(read_all(segment));
  const auto told = std::count_if(lines.begin(), lines.end(), [](const std::string& line) {
    return line.find("\"type\":\"checkpoints_lost\"") != std::string::npos;
  });
  EXPECT_EQ(told, 1);
  ASSERT_FALSE(signed_in().empty());
  EXPECT_EQ(signed_in().back().size, lines.size());
}

/// The daemon was down meanwhile. Its checkpoints still tell since when it signs.
TEST_F(CheckpointsLostTest, TheFileOfSignersIsMadeAgainFromTheCheckpoints) {
  const std::string path = directory_.path() + "/signers";
  const auto run = [&](int lines) {
    const auto log = *open_log(config(), clock_);
    Checkpointer checkpointer(
        *log, clock_, {directory_.path(), kNode, Durability::crash, std::chrono::seconds(60)},
        [this] { return signer_; }, Checkpointer::Threads::none);
    for (int i = 0; i < lines; ++i) {
      append(*log, {event("a")}, true);
      checkpointer.round();
    }
  };
  const auto expect_good = [&](std::string_view what) {
    const auto seen = *inspect_directory(directory_.path());
    EXPECT_FALSE(seen.flaw.has_value()) << what << ": " << seen.flaw->what;
  };
  run(3);
  const std::string of_one = read_all(path);
  std::filesystem::remove(path);
  run(2);
  EXPECT_EQ(read_all(path), of_one) << "since the first of its checkpoints";
  expect_good("removed");

  signer_ = std::make_shared<fakes::SoftSigner>(std::uint8_t{9});
  run(2);
  const std::string of_two = read_all(path);
  ASSERT_EQ(split(of_two).size(), 2U);
  write_all(path, of_one);
  run(2);
  EXPECT_EQ(read_all(path), of_two) << "put back to before the second key";
  expect_good("put back");
}

}  // namespace
}  // namespace coffer::audit::test
