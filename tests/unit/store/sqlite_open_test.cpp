// Making, opening, locking and refusing the store's file.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store_test_kit.h"

namespace coffer::store {
namespace {

class SqliteOpen : public ::testing::Test {
 protected:
  SqliteConfig config() const { return {dir_.file("store.db"), Durability::crash, 1U << 20U}; }
  std::string file(const std::string& suffix = "") const { return config().path + suffix; }
  static unsigned mode_of(const std::string& path) {
    struct stat found {};
    EXPECT_EQ(::stat(path.c_str(), &found), 0) << path;
    return found.st_mode & 07777U;
  }
  void make_store() {
    const auto store = open_or_fail(config());
    ASSERT_TRUE(put(*store, {{"a", "one"}}).ok());
  }
  ErrorCode refusal() {
    const auto opened = open_sqlite_store(config(), kNode);
    if (!opened.ok()) return opened.error().code;
    ADD_FAILURE() << "opened";
    return ErrorCode::internal;
  }

  TempDir dir_;
};

TEST_F(SqliteOpen, KeepsRowsVersionsSequenceAndNodeAcrossReopen) {
  {
    const auto store = open_or_fail(config());
    ASSERT_TRUE(put(*store, {{"a", "one"}, {"b", "two"}}).ok());
    ASSERT_TRUE(put(*store, {{"b", std::nullopt}, {"c", std::string("\0\xff", 2)}}).ok());
  }
  const Uuid other{{9, 9, 9}};
  const auto reopened = open_sqlite_store(config(), other);
  ASSERT_TRUE(reopened.ok()) << describe(reopened.error());
  EXPECT_EQ((*reopened)->sequence(), 2U);
  EXPECT_EQ((*reopened)->node(), kNode);
  EXPECT_EQ(get(**reopened, "a")->value, "one");
  EXPECT_EQ(get(**reopened, "a")->version, 1U);
  EXPECT_EQ(get(**reopened, "b"), std::nullopt);
  EXPECT_EQ(get(**reopened, "c")->value, std::string("\0\xff", 2));
  ASSERT_TRUE(put(**reopened, {{"d", "x"}}).ok());
  EXPECT_EQ(get(**reopened, "d")->version, 3U);
}

TEST_F(SqliteOpen, AFileIsForTheOwnerAloneWhateverTheUmask) {
  const mode_t before = ::umask(0);
  const auto store = open_or_fail(config());
  ASSERT_TRUE(put(*store, {{"a", "one"}}).ok());
  ::umask(before);
  for (const auto* suffix : {"", "-wal", "-shm", ".lock"}) {
    EXPECT_EQ(mode_of(file(suffix)), 0600U) << suffix;
  }
}

TEST_F(SqliteOpen, AFileOpenToOthersIsRefused) {
  make_store();
  ASSERT_EQ(::chmod(file().c_str(), 0640), 0);
  EXPECT_EQ(refusal(), ErrorCode::precondition);
  ASSERT_EQ(::chmod(file().c_str(), 0600), 0);
  EXPECT_EQ(get(*open_or_fail(config()), "a")->value, "one");
}

TEST_F(SqliteOpen, ALinkIsRefused) {
  make_store();
  ASSERT_EQ(::rename(file().c_str(), dir_.file("elsewhere").c_str()), 0);
  ASSERT_EQ(::symlink(dir_.file("elsewhere").c_str(), file().c_str()), 0);
  EXPECT_EQ(refusal(), ErrorCode::precondition);
  ASSERT_EQ(::unlink(file().c_str()), 0);
  ASSERT_EQ(::link(dir_.file("elsewhere").c_str(), file().c_str()), 0);
  EXPECT_EQ(refusal(), ErrorCode::precondition);
}

TEST_F(SqliteOpen, ALinkedDirectoryIsFine) {
  ASSERT_EQ(::mkdir(dir_.file("real").c_str(), 0700), 0);
  ASSERT_EQ(::symlink("real", dir_.file("link").c_str()), 0);
  const auto store = open_or_fail({dir_.file("link/store.db"), Durability::crash});
  ASSERT_TRUE(put(*store, {{"a", "one"}}).ok());
  EXPECT_EQ(get(*store, "a")->value, "one");
  EXPECT_TRUE(file_exists(dir_.file("real/store.db")));
}

TEST_F(SqliteOpen, ASecondOpenIsAConflictAndTheFirstGoesOn) {
  const auto store = open_or_fail(config());
  EXPECT_EQ(refusal(), ErrorCode::conflict);
  ASSERT_TRUE(put(*store, {{"a", "one"}}).ok());
  EXPECT_EQ(get(*store, "a")->value, "one");
}

TEST_F(SqliteOpen, ASnapshotThatOutlivesTheStoreStillReadsAndHoldsTheLock) {
  auto store = open_or_fail(config());
  ASSERT_TRUE(put(*store, {{"a", "one"}}).ok());
  auto snapshot = store->snapshot();
  ASSERT_TRUE(snapshot.ok());
  store.reset();
  EXPECT_EQ(refusal(), ErrorCode::conflict);
  const auto row = (*snapshot)->get("a");
  ASSERT_TRUE(row.ok() && *row);
  EXPECT_EQ((*row)->value, "one");
  snapshot->reset();
  EXPECT_EQ(get(*open_or_fail(config()), "a")->value, "one");
}

TEST_F(SqliteOpen, AMissingDirectoryIsUnavailable) {
  const auto opened = open_sqlite_store({dir_.file("no/store.db")}, kNode);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::unavailable);
}

TEST_F(SqliteOpen, APathWithoutAFileNameIsInvalid) {
  for (const auto* path : {"", "/tmp/", "/tmp/.."}) {
    const auto opened = open_sqlite_store({path}, kNode);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, ErrorCode::invalid_argument);
  }
}

TEST_F(SqliteOpen, ALogWithoutItsStoreIsRefusedAndKept) {
  make_store();
  ASSERT_EQ(::rename(file().c_str(), file("-wal").c_str()), 0);
  const std::string before = read_file(file("-wal"));
  EXPECT_EQ(refusal(), ErrorCode::precondition);
  EXPECT_EQ(read_file(file("-wal")), before);
  EXPECT_FALSE(file_exists(file()));
}

TEST_F(SqliteOpen, AHalfMadeStoreOfACrashIsMadeAfresh) {
  std::ofstream(file(".new")) << "half made";
  std::ofstream(file(".new-journal")) << "half made";
  make_store();
  EXPECT_EQ(get(*open_or_fail(config()), "a")->value, "one");
  EXPECT_FALSE(file_exists(file(".new")));
  EXPECT_FALSE(file_exists(file(".new-journal")));
}

// --- what isn't ours, or from the future: not a byte of it changes

TEST_F(SqliteOpen, AnUnknownVersionIsRefusedUntouched) {
  make_store();
  run_sql(file(), "PRAGMA user_version=2");
  const std::string before = read_file(file());
  EXPECT_EQ(refusal(), ErrorCode::precondition);
  EXPECT_EQ(read_file(file()), before);
  EXPECT_FALSE(file_exists(file("-wal")));
}

/// Copies a store that is in use: its last changes are in the log alone.
void copy_in_use(const std::string& from, const std::string& to) {
  for (const auto* suffix : {"", "-wal"}) {
    std::error_code error;
    std::filesystem::copy_file(from + suffix, to + suffix, error);
    ASSERT_FALSE(error) << error.message();
  }
}

TEST_F(SqliteOpen, AnUnknownVersionThatStandsOnlyInTheLogIsRefusedUntouched) {
  {
    const auto store = open_or_fail({dir_.file("other"), Durability::crash});
    ASSERT_TRUE(put(*store, {{"a", "one"}}).ok());
    run_sql(dir_.file("other"), "PRAGMA user_version=2");
    copy_in_use(dir_.file("other"), file());
  }
  const std::string store_before = read_file(file());
  const std::string log_before = read_file(file("-wal"));
  ASSERT_FALSE(log_before.empty());
  EXPECT_EQ(refusal(), ErrorCode::precondition);
  EXPECT_EQ(read_file(file()), store_before);
  EXPECT_EQ(read_file(file("-wal")), log_before);
}

TEST_F(SqliteOpen, ALogOfOurVersionIsReadBack) {
  {
    const auto store = open_or_fail({dir_.file("other"), Durability::crash});
    ASSERT_TRUE(put(*store, {{"a", "one"}}).ok());
    copy_in_use(dir_.file("other"), file());
  }
  EXPECT_EQ(get(*open_or_fail(config()), "a")->value, "one");
}

TEST_F(SqliteOpen, ADatabaseOfAnotherProgramIsRefusedUntouched) {
  run_sql(file(), "CREATE TABLE t(x); INSERT INTO t VALUES(1)");
  ASSERT_EQ(::chmod(file().c_str(), 0600), 0);
  const std::string before = read_file(file());
  EXPECT_EQ(refusal(), ErrorCode::precondition);
  EXPECT_EQ(read_file(file()), before);
}

TEST_F(SqliteOpen, AFileThatIsNoDatabaseIsCorruptAndUntouched) {
  for (const std::string& content : {std::string(), std::string("x"), std::string(8192, 'x')}) {
    std::ofstream(file(), std::ios::binary | std::ios::trunc) << content;
    ASSERT_EQ(::chmod(file().c_str(), 0600), 0);
    EXPECT_EQ(refusal(), ErrorCode::corrupt);
    EXPECT_EQ(read_file(file()), content);
  }
}

TEST_F(SqliteOpen, ADamagedStoreIsAnErrorAndNoCrash) {
  make_store();
  std::string bytes = read_file(file());
  for (std::size_t i = 100; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31U);
  std::ofstream(file(), std::ios::binary | std::ios::trunc) << bytes;
  const ErrorCode code = refusal();
  EXPECT_EQ(code, ErrorCode::corrupt);
}

TEST_F(SqliteOpen, AClosedStoreLeavesNoLog) {
  make_store();
  EXPECT_FALSE(file_exists(file("-wal")));
  EXPECT_FALSE(file_exists(file("-shm")));
}

TEST_F(SqliteOpen, WhatWasErasedOrOverwrittenIsNotInTheFile) {
  const std::string erased = "erased-value-marker-" + std::string(300, 'e');
  const std::string replaced = "replaced-value-marker-" + std::string(300, 'r');
  {
    const auto store = open_or_fail(config());
    ASSERT_TRUE(put(*store, {{"a", erased}, {"b", replaced}, {"c", "stays-marker"}}).ok());
  }
  ASSERT_NE(read_file(file()).find(erased), std::string::npos);
  {
    const auto store = open_or_fail(config());
    ASSERT_TRUE(put(*store, {{"a", std::nullopt}, {"b", "short"}}).ok());
  }
  const std::string bytes = read_file(file());
  EXPECT_EQ(bytes.find("erased-value-marker"), std::string::npos);
  EXPECT_EQ(bytes.find("replaced-value-marker"), std::string::npos);
  EXPECT_NE(bytes.find("stays-marker"), std::string::npos);
}

}  // namespace
}  // namespace coffer::store
