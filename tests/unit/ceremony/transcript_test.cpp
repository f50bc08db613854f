// Transcripts: what is written is read again, what was changed is named, what was torn goes on.
#include "src/ceremony/transcript.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "fakes/manual_clock.h"

namespace coffer::ceremony::test {
namespace {

class TranscriptTest : public ::testing::Test {
 protected:
  TranscriptTest() {
    std::string path = ::testing::TempDir() + "transcript-XXXXXX";
    directory_ = ::mkdtemp(path.data());
  }
  ~TranscriptTest() override {
    std::error_code error;
    std::filesystem::remove_all(directory_, error);
  }
  [[nodiscard]] std::string path() const { return directory_ + "/transcript"; }
  [[nodiscard]] std::string text() const { return *read_file(path(), kMaxTranscript); }
  void overwrite(const std::string& text) const { std::ofstream(path()) << text; }

  void write_some() {
    auto journal = Journal::open(path(), clock_);
    ASSERT_TRUE(journal.ok()) << describe(journal.error());
    ASSERT_TRUE(journal->append("begin", "", {{"format", "1"}, {"plan", "ab"}}).ok());
    ASSERT_TRUE(journal->append("step", "pins", {}).ok());
    ASSERT_TRUE(journal->append("done", "pins", {{"user-pin", "uwe"}}).ok());
    ASSERT_TRUE(journal->append("exception", "pins", {{"reason", "a \"quote\"\n\xC3\xA9"}}).ok());
  }

  fakes::ManualClock clock_;
  std::string directory_;
};

TEST_F(TranscriptTest, IsReadAsItWasWritten) {
  write_some();
  const auto read = parse_transcript(text());
  ASSERT_TRUE(read.ok()) << describe(read.error());
  ASSERT_EQ(read->lines.size(), 4U);
  EXPECT_EQ(read->lines[2].step, "pins");
  EXPECT_EQ(fact(read->lines[3].facts, "reason"), "a \"quote\"\n\xC3\xA9");
  EXPECT_EQ(read->find("done", "pins"), &read->lines[2]);
  EXPECT_EQ(read->find("done", "keys"), nullptr);
}

TEST_F(TranscriptTest, ThatWasEditedAnywhereIsRefused) {
  write_some();
  const std::string whole = text();
  const std::string head = parse_transcript(whole)->head;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    const auto read = parse_transcript(changed);
    EXPECT_TRUE(!read.ok() || read->head != head) << i;
  }
}

/// All but the last line, of which the head tells, and that is in the report.
TEST_F(TranscriptTest, NamesTheLineThatWasChangedLeftOutOrExchanged) {
  write_some();
  std::vector<std::string> lines;
  std::istringstream all(text());
  for (std::string line; std::getline(all, line);) lines.push_back(line + "\n");
  const auto why = [](const std::string& changed) {
    const auto read = parse_transcript(changed);
    return read.ok() ? std::string("it was taken") : read.error().text;
  };
  EXPECT_EQ(why(lines[0] + lines[2] + lines[3]),
            "line 2 of the transcript has another number: one is missing");
  EXPECT_EQ(why(lines[0] + lines[2] + lines[1] + lines[3]),
            "line 2 of the transcript has another number: one is missing");
  std::string edited = lines[2];
  edited.replace(edited.find("uwe"), 3, "eve");
  EXPECT_EQ(why(lines[0] + lines[1] + edited + lines[3]),
            "line 4 of the transcript doesn't follow the line before: one of the two was changed");
  EXPECT_EQ(why(lines[0] + lines[1].substr(0, 20)), "line 2 of the transcript has no end");
  EXPECT_EQ(why(lines[0] + "x\n"), "line 2 of the transcript isn't one JSON object");
  std::string spaced = lines[0];
  spaced.insert(1, " ");
  EXPECT_EQ(why(spaced + lines[1]),
            "line 1 of the transcript doesn't follow the line before: one of the two was changed");
}

TEST_F(TranscriptTest, GoesOnAfterEveryTornLine) {
  write_some();
  const std::string whole = text();
  const std::size_t last = whole.rfind('\n', whole.size() - 2) + 1;
  for (std::size_t size = last; size < whole.size(); ++size) {
    overwrite(whole.substr(0, size));
    auto journal = Journal::open(path(), clock_);
    ASSERT_TRUE(journal.ok()) << size;
    EXPECT_EQ(journal->was_torn(), size != last);
    ASSERT_TRUE(journal->append("resumed", "", {}).ok());
    const auto read = parse_transcript(text());
    ASSERT_TRUE(read.ok()) << describe(read.error());
    EXPECT_EQ(read->lines.back().type, "resumed");
    EXPECT_EQ(read->lines.size(), 4U);
  }
}

/// A full disk: what was written of the line goes, so that the next has its number and its place.
TEST_F(TranscriptTest, ALineThatFailedLeavesNothing) {
  write_some();
  const std::string before = text();
  auto journal = Journal::open(path(), clock_);
  ASSERT_TRUE(journal.ok());
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{before.size() + 10, old.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  EXPECT_FALSE(journal->append("done", "a", {}).ok());
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(text(), before);
  ASSERT_TRUE(journal->append("aborted", "", {}).ok());
  const auto read = parse_transcript(text());
  ASSERT_TRUE(read.ok()) << describe(read.error());
  EXPECT_EQ(read->lines.back().type, "aborted");
}

TEST_F(TranscriptTest, IsNotWrittenOnByTwo) {
  const auto journal = Journal::open(path(), clock_);
  ASSERT_TRUE(journal.ok());
  EXPECT_EQ(Journal::open(path(), clock_).error().code, ErrorCode::conflict);
}

TEST_F(TranscriptTest, ThatWasEditedIsNotWrittenOn) {
  write_some();
  std::string changed = text();
  changed.replace(changed.find("uwe"), 3, "eve");
  overwrite(changed);
  EXPECT_EQ(Journal::open(path(), clock_).error().code, ErrorCode::corrupt);
}

TEST_F(TranscriptTest, OfFormatOneIsReadForEver) {
  const auto golden =
      read_file(std::string(COFFER_TEST_DATA) + "/golden/ceremony/transcript-1", kMaxTranscript);
  ASSERT_TRUE(golden.ok());
  const auto read = parse_transcript(*golden);
  ASSERT_TRUE(read.ok()) << describe(read.error());
  EXPECT_EQ(read->lines.size(), 22U);
  EXPECT_EQ(read->lines.back().type, "end");
  EXPECT_EQ(read->head, "648ca0426172a4db400f5798bab54df0ee404ff4f2f0a72a2bdba7e7497b992b");
}

/// One that was cut while a PIN was changed.
TEST_F(TranscriptTest, OfFormatOneThatGoesOnIsReadForEver) {
  const auto golden = read_file(std::string(COFFER_TEST_DATA) + "/golden/ceremony/transcript-1-cut",
                                kMaxTranscript);
  ASSERT_TRUE(golden.ok());
  const auto read = parse_transcript(*golden);
  ASSERT_TRUE(read.ok()) << describe(read.error());
  EXPECT_EQ(read->lines.size(), 27U);
  const TranscriptLine* const intent = read->find("intent", "change-user-pin");
  const TranscriptLine* const done = read->find("done", "change-user-pin");
  ASSERT_TRUE(intent != nullptr && done != nullptr);
  EXPECT_EQ(fact(intent->facts, "pin"), "new-user-pin");
  EXPECT_EQ(fact(done->facts, "new-user-pin"), "found on the token");
  EXPECT_EQ(read->head, "0781a5dd4c3bc337e47cabf2075e32c37e2a907da166a3efc1cb6626eb532b50");
}

/// One that was cut while an act's program ran, which was run again and then taken as done.
TEST_F(TranscriptTest, OfFormatOneWithAProgramThatRanTwiceIsReadForEver) {
  const auto golden = read_file(
      std::string(COFFER_TEST_DATA) + "/golden/ceremony/transcript-1-again", kMaxTranscript);
  ASSERT_TRUE(golden.ok());
  const auto read = parse_transcript(*golden);
  ASSERT_TRUE(read.ok()) << describe(read.error());
  EXPECT_EQ(read->lines.size(), 38U);
  const TranscriptLine* const keys = read->find("intent", "keys");
  const TranscriptLine* const intent = read->find("intent", "retire");
  const TranscriptLine* const failed = read->find("failed", "retire");
  const TranscriptLine* const done = read->find("done", "retire");
  ASSERT_TRUE(keys != nullptr && intent != nullptr && failed != nullptr && done != nullptr);
  EXPECT_FALSE(fact(keys->facts, "kek-id").empty() || fact(keys->facts, "sign-id").empty());
  EXPECT_EQ(fact(intent->facts, "output-size"), "0");
  EXPECT_EQ(fact(failed->facts, "exit-status"), "3");
  EXPECT_EQ(fact(done->facts, "exit-status"), "3");
  EXPECT_EQ(read->head, "0b1b95f6278cacfc9e4231a1812e19bd90d1874a6c4c9776c9e4405bee0baa6a");
}

}  // namespace
}  // namespace coffer::ceremony::test
