// Whose directory and files the log takes, and whose it doesn't.
#include <sys/stat.h>
#include <unistd.h>

#include "coffer/audit/file.h"
#include "log_kit.h"

namespace coffer::audit {
namespace {

class DirectoryTest : public test::LogTest {
 protected:
  static mode_t mode_of(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(::lstat(path.c_str(), &status), 0);
    return status.st_mode & 07777;
  }
  void expect_refused(ErrorCode code) const {
    const auto log = open_log(config(), clock_);
    ASSERT_FALSE(log.ok());
    EXPECT_EQ(log.error().code, code) << describe(log.error());
  }
};

TEST_F(DirectoryTest, IsMadeForItsOwnerAlone) {
  const mode_t before = ::umask(0);
  LogConfig wanted = config();
  wanted.directory += "/audit";
  EXPECT_TRUE(open_log(wanted, clock_).ok());
  ::umask(before);
  EXPECT_EQ(mode_of(wanted.directory), 0700U);
  EXPECT_EQ(mode_of(wanted.directory + "/" + std::string(test::kFirstSegment)), 0600U);
}

TEST_F(DirectoryTest, WhoseParentIsMissingIsUnavailable) {
  LogConfig wanted = config();
  wanted.directory += "/no/audit";
  EXPECT_EQ(open_log(wanted, clock_).error().code, ErrorCode::unavailable);
}

TEST_F(DirectoryTest, ThatIsAFileIsUnavailable) {
  LogConfig wanted = config();
  wanted.directory += "/file";
  test::write_all(wanted.directory, "x");
  EXPECT_EQ(open_log(wanted, clock_).error().cause, "open " + wanted.directory + ": ENOTDIR");
}

TEST_F(DirectoryTest, InWhichOthersMayWriteIsRefused) {
  ASSERT_EQ(::chmod(directory_.path().c_str(), 0777), 0);
  expect_refused(ErrorCode::precondition);
}

TEST_F(DirectoryTest, HasOneLogAtATime) {
  auto log = open();
  expect_refused(ErrorCode::precondition);
  log.reset();
  open();
  expect_good(2);
}

TEST_F(DirectoryTest, FileThatOthersMayReadOrWriteIsRefused) {
  for (const mode_t mode : {0666U, 0644U, 0660U, 0601U}) {
    test::write_all(segment(), "");
    ASSERT_EQ(::chmod(segment().c_str(), mode), 0);
    expect_refused(ErrorCode::precondition);
    EXPECT_EQ(test::read_all(segment()), "");
  }
}

TEST_F(DirectoryTest, FileThatItsGroupMayReadIsTaken) {
  test::write_all(segment(), "");
  ASSERT_EQ(::chmod(segment().c_str(), 0640), 0);
  open();
}

TEST_F(DirectoryTest, SymbolicLinkIsRefused) {
  const std::string target = directory_.path() + "/elsewhere";
  test::write_all(target, "");
  ASSERT_EQ(::symlink(target.c_str(), segment().c_str()), 0);
  expect_refused(ErrorCode::precondition);
  EXPECT_EQ(test::read_all(target), "");
}

TEST_F(DirectoryTest, FileWithASecondNameIsRefused) {
  test::write_all(segment(), "");
  ASSERT_EQ(::link(segment().c_str(), (directory_.path() + "/second").c_str()), 0);
  expect_refused(ErrorCode::precondition);
}

TEST_F(DirectoryTest, FifoIsRefusedWithoutWaitingForItsReader) {
  ASSERT_EQ(::mkfifo(segment().c_str(), 0600), 0);
  expect_refused(ErrorCode::precondition);
}

TEST_F(DirectoryTest, OtherFilesArePassedOver) {
  for (const char* name :
       {"audit-1.jsonl", "audit-00000000000000000000.jsonl", "notes",
        "audit-00000000000000000007.jsonl.gz", "audit-0000000000000000000x.jsonl",
        "audit-99999999999999999999.jsonl"}) {
    test::write_all(directory_.path() + "/" + name, "not a log");
  }
  open();
  expect_good(1);
}

class FileTest : public DirectoryTest {};

TEST_F(FileTest, FailuresNameCallAndErrno) {
  auto file = open_file(directory_.path() + "/no/file");
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().cause, "open " + directory_.path() + "/no/file: ENOENT");
}

TEST_F(FileTest, FullDiskIsToldFromOtherFailures) {
  // /dev/full is no regular file, so the limit of the process stands in for the disk's.
  auto file = open_file(segment());
  ASSERT_TRUE(file.ok());
  const auto written = (*file)->write(std::uint64_t{1} << 62U, as_bytes("x"));
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, ErrorCode::unavailable);
  EXPECT_EQ(written.error().cause, "pwrite: EFBIG");
  EXPECT_NE(written.error().text.find("size limit"), std::string::npos);
}

TEST_F(FileTest, FactsFollowTheFile) {
  auto file = open_file(segment());
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->write(0, as_bytes("four")).ok());
  ASSERT_TRUE((*file)->sync().ok());
  EXPECT_EQ((*file)->facts()->size, 4U);
  EXPECT_EQ((*file)->facts()->inode, (*file)->facts_at_path()->inode);
  ASSERT_TRUE((*file)->truncate(1).ok());
  ASSERT_EQ(::unlink(segment().c_str()), 0);
  EXPECT_EQ((*file)->facts()->size, 1U);
  EXPECT_EQ((*file)->facts()->links, 0U);
  EXPECT_EQ((*file)->facts_at_path().error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace coffer::audit
