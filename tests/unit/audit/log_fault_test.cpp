// What the log does when its file fails: all of a call or nothing of it, and no second fsync.
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "coffer/audit/file.h"
#include "faulty_file.h"
#include "log_kit.h"

namespace coffer::audit {
namespace {

using test::request;
using test::response;

class LogFaultTest : public test::LogTest {
 protected:
  [[nodiscard]] std::unique_ptr<Log> open_faulty(Durability durability = Durability::power) {
    LogConfig wanted = config();
    wanted.durability = durability;
    auto log = open_log(wanted, clock_, test::faulty(faults_));
    EXPECT_TRUE(log.ok());
    faults_.writes = faults_.syncs = faults_.truncates = 0;
    return std::move(*log);
  }
  test::Faults faults_;
};

TEST_F(LogFaultTest, OneCallIsOneWriteAndOneSync) {
  const auto log = open_faulty();
  append(*log, {request(1), request(2), response(1), response(2)}, true);
  EXPECT_EQ(faults_.writes, 1);
  EXPECT_EQ(faults_.syncs, 1);
  append(*log, {request(3), response(3)}, false);
  EXPECT_EQ(faults_.writes, 2);
  EXPECT_EQ(faults_.syncs, 1);
}

TEST_F(LogFaultTest, CrashDurabilityNeverSyncs) {
  const auto log = open_faulty(Durability::crash);
  append(*log, {request(1), response(1)}, true);
  EXPECT_EQ(faults_.syncs, 0);
}

TEST_F(LogFaultTest, WhatASyncedAppendWroteSurvivesTheLossOfUnsyncedBytes) {
  auto log = open_faulty();
  append(*log, {request(1)}, true);
  append(*log, {response(1)}, false);
  log.reset();
  std::filesystem::resize_file(segment(), faults_.synced_size);
  expect_good(2, 1);
}

TEST_F(LogFaultTest, FullDiskIsUnavailableWithItsReasonAndLeavesNothing) {
  const auto log = open_faulty();
  const std::string before = test::read_all(segment());
  faults_.write = {.from = 1, .times = 1};
  const auto failed = log->append(std::vector<Line>{request(1), response(1)}, true);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, ErrorCode::unavailable);
  EXPECT_EQ(failed.error().cause, "pwrite: ENOSPC");
  EXPECT_EQ(faults_.syncs, 0);
  EXPECT_EQ(test::read_all(segment()), before);
  EXPECT_EQ(log->next_sequence(), 2U);
}

TEST_F(LogFaultTest, SameLinesCanBeWrittenOnceTheDiskHasRoom) {
  const auto log = open_faulty();
  const std::vector<Line> lines = {request(1), request(2), response(1)};
  faults_.write = {.from = 1, .times = 3};
  faults_.before_failure = 100;
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(log->append(lines, true).ok());
  append(*log, lines, true);
  append(*log, {response(2)}, true);
  expect_good(5);
}

TEST_F(LogFaultTest, RequestsAreOpenAndClosedOnlyByWhatWasWritten) {
  const auto log = open_faulty();
  append(*log, {request(1)});
  faults_.write = {.from = 1, .times = 2};
  EXPECT_FALSE(log->append(std::vector<Line>{response(1), request(2)}, false).ok());
  EXPECT_FALSE(log->append(std::vector<Line>{request(2), response(2), response(1)}, false).ok());
  // Request 1 is open as before; request 2 was never asked.
  EXPECT_EQ(log->append(std::vector<Line>{response(2)}, false).error().code, ErrorCode::internal);
  append(*log, {response(1)});
  expect_good(3);
}

TEST_F(LogFaultTest, ShortWritesAreFinished) {
  const auto log = open_faulty();
  faults_.most_at_once = 7;
  append(*log, {request(1), response(1)}, true);
  EXPECT_GT(faults_.writes, 10);
  expect_good(3);
}

TEST_F(LogFaultTest, AnyWriteOfACallMayFailAndNoHalfLineStays) {
  const auto log = open_faulty();
  faults_.most_at_once = 50;
  faults_.before_failure = 20;
  std::uint64_t number = 0;
  int failures = 0;
  for (int nth = 1;; ++nth) {
    ++number;
    faults_.write = {.from = nth, .times = 1};
    const std::string before = test::read_all(segment());
    const bool ok = log->append(std::vector<Line>{request(number), response(number)}, true).ok();
    if (ok) break;
    ++failures;
    EXPECT_EQ(test::read_all(segment()), before);
  }
  EXPECT_GE(failures, 10);
  expect_good(3);
}

/// The kernel itself writes a part of the call and refuses the rest.
TEST_F(LogFaultTest, RealFileThatMayNotGrowIsCutBackAndServesAgain) {
  const auto log = open();
  const std::string before = test::read_all(segment());
  auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const rlimit tight{before.size() + 100, old.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  const auto failed = log->append(std::vector<Line>{request(1), response(1)}, true);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, ErrorCode::unavailable);
  EXPECT_EQ(failed.error().cause, "pwrite: EFBIG");
  EXPECT_EQ(test::read_all(segment()), before);
  EXPECT_TRUE(log->check().ok());
  append(*log, {request(1), response(1)});
  expect_good(3);
}

using LogFaultDeathTest = LogFaultTest;

TEST_F(LogFaultDeathTest, FailedSyncEndsTheProcessAndIsNotTriedAgain) {
  const auto log = open_faulty();
  faults_.sync = {.from = 1, .times = 1, .cause = "fdatasync: EIO"};
  EXPECT_EXIT((void)log->append(std::vector<Line>{request(1)}, true),
              ::testing::ExitedWithCode(kExitSyncFailed), "fdatasync: EIO");
}

TEST_F(LogFaultDeathTest, WriteThatCanBeNeitherFinishedNorUndoneEndsTheProcess) {
  const auto log = open_faulty();
  faults_.write = {.from = 1, .times = 1};
  faults_.truncate = {.from = 1, .times = 1, .cause = "ftruncate: EIO"};
  EXPECT_EXIT((void)log->append(std::vector<Line>{request(1)}, true),
              ::testing::ExitedWithCode(kExitSyncFailed), "ftruncate: EIO");
}

TEST_F(LogFaultTest, StartOnAFullDiskIsUnavailable) {
  open();
  faults_.write = {.from = 1, .times = 1};
  const auto log = open_log(config(), clock_, test::faulty(faults_));
  ASSERT_FALSE(log.ok());
  EXPECT_EQ(log.error().code, ErrorCode::unavailable);
  expect_good(1);
}

TEST_F(LogFaultTest, StartThatCannotCutATornWriteIsUnavailable) {
  open();
  test::write_all(segment(), test::read_all(segment()) + "{\"time\":");
  faults_.truncate = {.from = 1, .times = 1};
  const auto log = open_log(config(), clock_, test::faulty(faults_));
  ASSERT_FALSE(log.ok());
  EXPECT_EQ(log.error().code, ErrorCode::unavailable);
}

class LogCheckTest : public LogFaultTest {
 protected:
  static void expect_lost(Log& log, std::string_view why) {
    const auto checked = log.check();
    ASSERT_FALSE(checked.ok());
    EXPECT_EQ(checked.error().code, ErrorCode::unavailable);
    EXPECT_NE(checked.error().text.find(why), std::string::npos) << checked.error().text;
    // From then on nothing is written where nobody would look.
    const auto refused = log.append(std::vector<Line>{request(99)}, true);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().text, checked.error().text);
  }
};

TEST_F(LogCheckTest, UntouchedFileIsFine) {
  const auto log = open();
  append(*log, {request(1)});
  EXPECT_TRUE(log->check().ok());
}

TEST_F(LogCheckTest, UnlinkedFileIsNoticed) {
  const auto log = open();
  ASSERT_EQ(::unlink(segment().c_str()), 0);
  expect_lost(*log, "unlinked");
}

TEST_F(LogCheckTest, MovedFileIsNoticedAndFoundAgain) {
  const auto log = open();
  const std::string aside = segment() + ".1";
  ASSERT_EQ(::rename(segment().c_str(), aside.c_str()), 0);
  expect_lost(*log, "moved away");
  ASSERT_EQ(::rename(aside.c_str(), segment().c_str()), 0);
  EXPECT_TRUE(log->check().ok());
  append(*log, {request(1), response(1)});
  expect_good(3);
}

TEST_F(LogCheckTest, ReplacedFileIsNoticed) {
  const auto log = open();
  ASSERT_EQ(::rename(segment().c_str(), (segment() + ".1").c_str()), 0);
  test::write_all(segment(), test::read_all(segment() + ".1"));
  expect_lost(*log, "replaced");
}

TEST_F(LogCheckTest, TruncatedFileIsNoticed) {
  const auto log = open();
  append(*log, {request(1)});
  std::filesystem::resize_file(segment(), 10);
  expect_lost(*log, "truncated");
}

// Between two looks: the line would fill the gap with zeros, and the next look would see the right
// length.
TEST_F(LogCheckTest, TruncatedFileTakesNoLineMore) {
  const auto log = open();
  append(*log, {request(1)});
  std::filesystem::resize_file(segment(), 10);
  const auto refused = log->append(std::vector<Line>{response(1)}, true);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().text.find("truncated"), std::string::npos) << refused.error().text;
  EXPECT_EQ(std::filesystem::file_size(segment()), 10U);
  expect_lost(*log, "truncated");
}

TEST_F(LogCheckTest, UnlinkedFileTakesNoLineMore) {
  const auto log = open();
  ASSERT_EQ(::unlink(segment().c_str()), 0);
  EXPECT_FALSE(log->append(std::vector<Line>{request(1)}, true).ok());
}

TEST_F(LogCheckTest, ForeignBytesAreNoticed) {
  const auto log = open();
  test::write_all(segment(), test::read_all(segment()) + "x");
  expect_lost(*log, "another process");
}

TEST_F(LogCheckTest, FileThatCannotBeLookedAtIsUnavailable) {
  const auto log = open_faulty();
  faults_.facts = {.from = 1, .times = 1};
  EXPECT_EQ(log->check().error().code, ErrorCode::unavailable);
  EXPECT_TRUE(log->check().ok());
}

}  // namespace
}  // namespace coffer::audit
