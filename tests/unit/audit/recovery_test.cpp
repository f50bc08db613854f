// What a start makes of the log that it finds.
#include <unistd.h>

#include <filesystem>

#include "log_kit.h"
#include "src/audit/line.h"

namespace coffer::audit {
namespace {

using test::chained;
using test::event;
using test::request;
using test::response;

class RecoveryTest : public test::LogTest {
 protected:
  void put(std::string_view bytes) const { test::write_all(segment(), bytes); }

  void expect_refused(ErrorCode code, std::string_view why) const {
    const std::string before = test::read_all(segment());
    const auto log = open_log(config(), clock_);
    ASSERT_FALSE(log.ok());
    EXPECT_EQ(log.error().code, code) << describe(log.error());
    EXPECT_NE(log.error().text.find(why), std::string::npos) << describe(log.error());
    EXPECT_EQ(test::read_all(segment()), before) << "a refused log must stay as it was found";
  }

  [[nodiscard]] std::string last_line() const { return lines().back(); }

  const std::string three_ = chained({event("start"), request(1), response(1)}, {0, 2, 0});
};

TEST_F(RecoveryTest, GoesOnWhereTheLogEnded) {
  {
    const auto log = open();
    append(*log, {request(1), response(1)});
  }
  const auto log = open();
  EXPECT_EQ(log->next_sequence(), 5U);
  append(*log, {request(2), response(2)});
  expect_good(6);
}

TEST_F(RecoveryTest, ClosesEachRequestThatHasNoResponse) {
  {
    const auto log = open();
    append(*log, {request(1), request(2), request(3), response(2)});
  }
  open();
  const auto written = lines();
  ASSERT_EQ(written.size(), 8U);
  EXPECT_TRUE(
      written[5].starts_with("{\"time\":\"2026-01-01T00:00:00Z\",\"type\":\"interrupted\","
                             "\"request\":{\"id\":\"" +
                             to_string(test::id_of(1)) + "\",\"seq\":2},\"node\""));
  EXPECT_NE(written[6].find("\"request\":{\"id\":\"" + to_string(test::id_of(3)) + "\",\"seq\":4}"),
            std::string::npos);
  EXPECT_NE(written[7].find("\"type\":\"start\",\"format\":1,\"cut_bytes\":0,\"interrupted\":2,"),
            std::string::npos);
  expect_good(8);
}

TEST_F(RecoveryTest, InterruptedRequestsStayClosed) {
  append(*open(), {request(1)});
  open();
  open();
  EXPECT_NE(last_line().find("\"interrupted\":0,"), std::string::npos);
  expect_good(5);
}

TEST_F(RecoveryTest, EmptyFileIsANewLog) {
  put("");
  open();
  expect_good(1);
}

TEST_F(RecoveryTest, WriteTornAtAnyByteIsCutAndCounted) {
  const std::size_t kept = three_.find('\n') + 1;
  for (std::size_t size = kept; size < three_.size(); ++size) {
    put(three_.substr(0, size));
    open();
    const bool has_request = three_.substr(0, size).find('\n', kept) != std::string::npos;
    const std::size_t good = three_.substr(0, size).rfind('\n') + 1;
    EXPECT_NE(last_line().find("\"cut_bytes\":" + std::to_string(size - good) + ","),
              std::string::npos)
        << size;
    expect_good(has_request ? 4 : 2);
  }
}

TEST_F(RecoveryTest, TornFirstLineOfALogLeavesANewLog) {
  put(three_.substr(0, 40));
  open();
  EXPECT_NE(last_line().find("\"cut_bytes\":40,"), std::string::npos);
  expect_good(1);
}

TEST_F(RecoveryTest, LastLineThatIsNoLineIsCut) {
  put(three_ + "garbage\n");
  open();
  EXPECT_NE(last_line().find("\"cut_bytes\":8,"), std::string::npos);
  expect_good(4);
}

TEST_F(RecoveryTest, ZerosBehindTheLastLineAreCut) {
  put(three_ + std::string(4096, '\0'));
  open();
  EXPECT_NE(last_line().find("\"cut_bytes\":4096,"), std::string::npos);
  expect_good(4);
}

TEST_F(RecoveryTest, PageOfZerosInsideTheLastWriteCutsThatWrite) {
  std::string text = three_;
  const std::size_t second = text.find('\n') + 1;
  for (const std::size_t hole : {second, second + 60, text.find('\n', second) - 5}) {
    std::string holed = text;
    holed.replace(hole, 5, 5, '\0');
    put(holed);
    open();
    EXPECT_NE(last_line().find("\"cut_bytes\":" + std::to_string(text.size() - second) + ","),
              std::string::npos);
    expect_good(2);
  }
}

TEST_F(RecoveryTest, EditedLineIsRefused) {
  std::string text = three_;
  text[text.find("request")] = 'R';
  put(text);
  expect_refused(ErrorCode::corrupt, "audit-00000000000000000001.jsonl at byte ");
}

TEST_F(RecoveryTest, EveryEditedByteButTheLastLinesIsRefusedOrCutAway) {
  const std::size_t last = three_.rfind('\n', three_.size() - 2) + 1;
  for (std::size_t at = 0; at < last; ++at) {
    std::string text = three_;
    text[at] = static_cast<char>(text[at] ^ 1);
    put(text);
    const auto log = open_log(config(), clock_);
    EXPECT_FALSE(log.ok()) << at;
    EXPECT_TRUE(log.ok() || log.error().code == ErrorCode::corrupt) << at;
  }
}

TEST_F(RecoveryTest, MissingLineIsRefused) {
  auto all = test::split(three_);
  all.erase(all.begin() + 1);
  put(test::join(all));
  expect_refused(ErrorCode::corrupt, "seq is 3 where 2 is due");
}

TEST_F(RecoveryTest, WholeLastLineThatDoesNotChainIsNoTornWrite) {
  auto all = test::split(three_);
  all[2].replace(all[2].size() - 4, 2, all[2][all[2].size() - 4] == '0' ? "11" : "00");
  put(test::join(all));
  expect_refused(ErrorCode::corrupt, "prev is not the hash");
}

TEST_F(RecoveryTest, ZerosFarFromTheEndAreNoTornWrite) {
  std::vector<Line> lines = {event("start")};
  std::vector<std::uint64_t> opens = {0};
  const std::string member = ",\"x\":\"" + std::string(64U << 10U, 'x') + "\"";
  for (std::uint64_t i = 1; i < 12; ++i) {
    lines.push_back(request(i, member));
    lines.push_back(response(i, member));
    opens.insert(opens.end(), {2 * i, 0});
  }
  std::string text = chained(lines, opens);
  text[three_.size() + 1000] = '\0';
  put(text);
  expect_refused(ErrorCode::corrupt, "NUL");
}

TEST_F(RecoveryTest, WrongOpenFieldIsRefused) {
  put(chained({event("start"), request(1), response(1), event("stop")}, {0, 2, 0, 2}));
  expect_refused(ErrorCode::corrupt, "open is 2");
}

TEST_F(RecoveryTest, LogOfAnotherNodeIsRefused) {
  open();
  LogConfig other = config();
  other.node = test::id_of(77);
  const auto log = open_log(other, clock_);
  ASSERT_FALSE(log.ok());
  EXPECT_EQ(log.error().code, ErrorCode::precondition);
  expect_good(1);
}

TEST_F(RecoveryTest, SegmentWhoseNameAndFirstLineDisagreeIsRefused) {
  put(chained({event("start")}, {0}, 2));
  expect_refused(ErrorCode::corrupt, "another sequence than the file's name");
}

/// Many closed requests after one that is open: more than the window that is always read.
class LongLogTest : public RecoveryTest {
 protected:
  void write_long_log(bool open_at_start) {
    const auto log = open();
    if (open_at_start) append(*log, {request(9'999'999)});
    const std::string member = ",\"x\":\"" + std::string(64U << 10U, 'x') + "\"";
    for (std::uint64_t i = 0; i < 50; ++i) {
      append(*log, {request(i, member), response(i, member)});
    }
  }
};

TEST_F(LongLogTest, RequestThatIsOpenSinceLongIsFoundAndClosed) {
  write_long_log(true);
  open();
  const auto written = lines();
  EXPECT_NE(written[written.size() - 2].find("\"seq\":2},\"node\""), std::string::npos);
  expect_good(104);
}

TEST_F(LongLogTest, WriteTornAfterMuchElseIsCut) {
  write_long_log(false);
  std::filesystem::resize_file(segment(), std::filesystem::file_size(segment()) - 20);
  open();
  EXPECT_NE(last_line().find("\"interrupted\":1,"), std::string::npos);
  expect_good(102);
}

TEST_F(LongLogTest, LastLineLongerThanTheWindowIsFound) {
  {
    const auto log = open();
    append(*log, {request(1), response(1, ",\"x\":\"" + std::string(5U << 20U, 'x') + "\"")});
  }
  EXPECT_EQ(open()->next_sequence(), 5U);
  expect_good(4);
}

TEST_F(LongLogTest, TornLineLongerThanTheWindowIsCut) {
  put(three_ + "{\"x\":\"" + std::string(5U << 20U, 'x'));
  open();
  expect_good(4);
}

/// By this process, from any file, as the kernel counts.
std::uint64_t bytes_read() {
  std::ifstream in("/proc/self/io");
  std::string name;
  std::uint64_t bytes = 0;
  in >> name >> bytes;
  EXPECT_EQ(name, "rchar:");
  return bytes;
}

/// The first line of a later segment; of the tree it tells no more than how many hashes it has.
Line telling_line(std::uint64_t sequence) {
  const std::vector<TreeHash> hashes(static_cast<std::size_t>(std::popcount(sequence - 1)));
  return segment_line(test::StandingClock().now, *Frontier::from(sequence - 1, hashes));
}

TEST_F(RecoveryTest, StartReadsOnlyTheNewestSegmentOfAGigabyte) {
  std::vector<Line> lines;
  std::vector<std::uint64_t> opens;
  const std::string member = ",\"x\":\"" + std::string(500, 'x') + "\"";
  const std::uint64_t first = 2'000'001;
  lines.push_back(telling_line(first));
  opens.push_back(0);
  for (std::uint64_t i = 0; i < 3000; ++i) {
    lines.push_back(request(i, member));
    lines.push_back(response(i, member));
    opens.insert(opens.end(), {first + 1 + 2 * i, 0});
  }
  put("");
  ASSERT_EQ(::truncate(segment().c_str(), off_t{1} << 30U), 0);
  test::write_all(segment("audit-00000000000002000001.jsonl"), chained(lines, opens, first));

  const std::uint64_t before = bytes_read();
  const auto log = open();
  // Reading some megabytes takes milliseconds; reading all of it would take seconds.
  EXPECT_LT(bytes_read() - before, std::uint64_t{12} << 20U);
  EXPECT_EQ(log->next_sequence(), first + 6001 + 1);
}

class SegmentsTest : public RecoveryTest {
 protected:
  /// Two segments, the second from sequence 4 on.
  void put_two(std::string_view second) const {
    put(three_);
    test::write_all(segment("audit-00000000000000000004.jsonl"), second);
  }
  [[nodiscard]] std::string head() const { return test::hash_of(test::split(three_).back()); }
};

TEST_F(SegmentsTest, NewestIsContinued) {
  put_two(chained({event("next")}, {0}, 4, head()));
  EXPECT_EQ(open()->next_sequence(), 6U);
  EXPECT_EQ(lines().size(), 3U);
  expect_good(5);
}

TEST_F(SegmentsTest, EmptyNewestContinuesTheOneBefore) {
  put_two("");
  EXPECT_EQ(open()->next_sequence(), 6U);
  expect_good(5);
}

TEST_F(SegmentsTest, NewestWithATornFirstLineContinuesTheOneBefore) {
  put_two("{\"time\":");
  EXPECT_EQ(open()->next_sequence(), 6U);
  expect_good(5);
}

TEST_F(SegmentsTest, RequestOpenInAnOlderSegmentIsClosed) {
  const std::string first = chained({event("start"), request(1), event("note")}, {0, 2, 2});
  put(first);
  test::write_all(segment("audit-00000000000000000004.jsonl"),
                  chained({event("next")}, {2}, 4, test::hash_of(test::split(first).back())));
  open();
  expect_good(6);
}

TEST_F(SegmentsTest, TornLineInAnOlderSegmentIsRefused) {
  put_two(chained({event("next")}, {0}, 4, head()));
  put(three_.substr(0, three_.size() - 10));
  expect_refused(ErrorCode::corrupt, std::string(test::kFirstSegment));
}

TEST_F(SegmentsTest, EmptyNewestBehindAGapIsRefused) {
  put(three_);
  test::write_all(segment("audit-00000000000000000009.jsonl"), "");
  expect_refused(ErrorCode::corrupt, "missing");
}

TEST_F(SegmentsTest, EmptyNewestWithNothingBeforeItIsRefused) {
  test::write_all(segment("audit-00000000000000000009.jsonl"), "");
  EXPECT_EQ(open_log(config(), clock_).error().code, ErrorCode::corrupt);
}

TEST_F(SegmentsTest, OlderSegmentsMayHaveBeenArchived) {
  test::write_all(segment("audit-00000000000000000004.jsonl"),
                  chained({telling_line(4), response(1), event("note")}, {3, 0, 0}, 4, head()));
  EXPECT_EQ(open()->next_sequence(), 8U);
  const auto seen = verify_directory(directory_.path());
  ASSERT_TRUE(seen.ok()) << describe(seen.error());
  EXPECT_EQ(seen->first_sequence, 4U);
}

}  // namespace
}  // namespace coffer::audit
