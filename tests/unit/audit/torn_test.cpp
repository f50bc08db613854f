// What a crash left torn, or the daemon is writing right now: no reason to call a log bad.
#include "coffer/audit/checkpointer.h"
#include "coffer/audit/known.h"
#include "fakes/soft_signer.h"
#include "log_kit.h"
#include "src/audit/patient_reader.h"
#include "src/audit/segments.h"

namespace coffer::audit::test {
namespace {

/// Several segments, signed after each pair of lines.
class TornTest : public LogTest {
 protected:
  void SetUp() override {
    LogConfig small{directory_.path(), kNode, Durability::crash};
    small.segment_bytes = 3000;
    const auto log = *open_log(small, clock_);
    Checkpointer signing(
        *log, clock_, {directory_.path(), kNode, Durability::crash}, [&] { return signer_; },
        Checkpointer::Threads::none);
    for (std::uint64_t i = 0; i < 16; ++i) {
      append(*log, {request(i), response(i)}, true);
      signing.round();
    }
  }
  [[nodiscard]] std::vector<Segment> notes() const { return *list_checkpoints(directory_.path()); }
  [[nodiscard]] std::string newest() const { return list_segments(directory_.path())->back().path; }
  [[nodiscard]] Inspection inspect() const {
    TrustedKeys keys;
    keys.bare.push_back(to_bytes(signer_->public_key()));
    return *inspect_directory(directory_.path(), {}, keys);
  }
  std::shared_ptr<crypto::Signer> signer_ = std::make_shared<fakes::SoftSigner>(std::uint8_t{7});
};

/// The end of a segment is signed when the next has begun: a crash can tear that note too, and
/// nobody opens its file again.
TEST_F(TornTest, TornLastCheckpointOfAnOlderSegmentIsCoveredByTheNext) {
  const auto all = notes();
  ASSERT_GE(all.size(), 3U);
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    const std::string whole = read_all(all[i].path);
    for (const std::string& torn : {whole.substr(0, whole.size() - 40), whole + "coffer-au",
                                    whole.substr(0, whole.size() - 9) + std::string(9, '\0')}) {
      write_all(all[i].path, torn);
      const Inspection seen = inspect();
      ASSERT_FALSE(seen.flaw.has_value()) << seen.flaw->file << ": " << seen.flaw->what;
      EXPECT_EQ(seen.good.unsigned_from(), 0U);
    }
    write_all(all[i].path, whole);
  }
}

TEST_F(TornTest, LinesOfATornCheckpointThatNoneCoversAreTold) {
  const auto all = notes();
  const std::string whole = read_all(all[0].path);
  write_all(all[0].path, whole.substr(0, whole.size() - 40));
  for (std::size_t i = 1; i < all.size(); ++i) std::filesystem::remove(all[i].path);
  const Inspection seen = inspect();
  ASSERT_FALSE(seen.flaw.has_value()) << seen.flaw->file << ": " << seen.flaw->what;
  EXPECT_NE(seen.good.unsigned_from(), 0U);
}

TEST_F(TornTest, TornCheckpointBeforeAnotherIsBad) {
  const auto file = notes().front();
  const std::string whole = read_all(file.path);
  write_all(file.path, whole.substr(0, whole.size() - 40) + "\n\n" + whole);
  EXPECT_TRUE(inspect().flaw.has_value());
}

/// As the kernel shows a long write: a piece more at each look.
TEST(UntilLineEnds, ALineThatIsBeingWrittenIsWaitedFor) {
  const std::string text = "a whole line\nand one that is being written\n";
  std::size_t there = 15;
  int looks = 0;
  LineReader lines(until_line_ends([&](std::uint64_t offset, MutableByteView out) {
                     // Every other look finds no more than the one before.
                     if (++looks % 2 == 0) there = std::min(there + 9, text.size());
                     return read_memory(as_bytes(std::string_view(text).substr(0, there)))(offset,
                                                                                           out);
                   }),
                   0);
  RawLine line;
  ASSERT_TRUE(*lines.next(line));
  ASSERT_TRUE(*lines.next(line));
  EXPECT_TRUE(line.terminated);
  EXPECT_EQ(line.text, "and one that is being written");
  const int before = looks;
  EXPECT_FALSE(*lines.next(line));
  EXPECT_EQ(looks, before + 1) << "a file that ends with a line is not waited for";
}

TEST_F(TornTest, ALineThatDoesNotGrowIsTorn) {
  const std::string whole = read_all(newest());
  write_all(newest(), whole.substr(0, whole.size() - 1));
  const Inspection seen = inspect();
  ASSERT_TRUE(seen.flaw.has_value());
  EXPECT_EQ(seen.flaw->what, "the line has no end: a torn write");
}

}  // namespace
}  // namespace coffer::audit::test
