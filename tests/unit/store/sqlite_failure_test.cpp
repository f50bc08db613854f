// Disks that are full, fail, or fail to sync.
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include "failing_vfs.h"
#include "store_test_kit.h"

namespace coffer::store {
namespace {

class SqliteFailure : public ::testing::Test {
 protected:
  SqliteFailure() { ::testing::FLAGS_gtest_death_test_style = "fast"; }

  std::unique_ptr<Store> open(Durability durability = Durability::power) {
    return open_or_fail({dir_.file("store.db"), durability, 1U << 20U});
  }

  TempDir dir_;
  FailingVfs vfs_;
};

void expect_unavailable(const Result<std::vector<CommitOutcome>>& result, const char* cause) {
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::unavailable);
  EXPECT_NE(result.error().cause.find(cause), std::string::npos) << result.error().cause;
}

TEST_F(SqliteFailure, AWriteThatFailsAnywhereLeavesNothingApplied) {
  const auto store = open(Durability::crash);
  ASSERT_TRUE(put(*store, {{"a", "old"}, {"b", "old"}}).ok());
  ASSERT_EQ(get(*store, "a")->value, "old");
  int failures = 0;
  for (int nth = 1;; ++nth) {
    vfs_.fail_writes(nth, SQLITE_IOERR_WRITE);
    const auto result = put(*store, {{"a", "new"}, {"b", std::nullopt}, {"c", "new"}});
    vfs_.heal();
    if (result.ok()) break;
    ++failures;
    expect_unavailable(result, "sqlite 778");
    ASSERT_EQ(store->sequence(), 1U);
    ASSERT_EQ(get(*store, "a")->value, "old");
    ASSERT_EQ(get(*store, "b")->value, "old");
    ASSERT_EQ(get(*store, "c"), std::nullopt);
  }
  EXPECT_GT(failures, 2);
  EXPECT_EQ(store->sequence(), 2U);
  EXPECT_EQ(get(*store, "a")->value, "new");
  EXPECT_EQ(get(*store, "b"), std::nullopt);
}

/// Enters the rows that stay, and counts what was durable.
class CountingLedger final : public Ledger {
 public:
  Result<Write> enter(std::uint64_t sequence, std::span<const Change> changes) override {
    pending_ = sequence;
    EXPECT_FALSE(changes.empty());
    return Write{"ledger", std::to_string(sequence)};
  }
  void entered() noexcept override { last = pending_; }
  std::uint64_t last = 0;

 private:
  std::uint64_t pending_ = 0;
};

TEST_F(SqliteFailure, AFailedWriteIsNotEnteredAndItsEntryIsNotStored) {
  const auto store = open(Durability::crash);
  const auto ledger = std::make_shared<CountingLedger>();
  store->keep(ledger);
  ASSERT_TRUE(put(*store, {{"a", "old"}}).ok());
  int failures = 0;
  for (int nth = 1;; ++nth) {
    vfs_.fail_writes(nth, SQLITE_IOERR_WRITE);
    const bool committed = put(*store, {{"a", "new"}}).ok();
    vfs_.heal();
    if (committed) break;
    ++failures;
    ASSERT_EQ(ledger->last, 1U);
    ASSERT_EQ(get(*store, "ledger")->value, "1");
  }
  EXPECT_GT(failures, 1);
  EXPECT_EQ(ledger->last, 2U);
  EXPECT_EQ(get(*store, "ledger")->value, "2");
}

TEST_F(SqliteFailure, AfterAFailedWriteAReopenShowsTheOldRows) {
  for (int nth = 1; nth <= 4; ++nth) {
    const TempDir dir;
    const SqliteConfig config{dir.file("store.db"), Durability::crash};
    auto store = open_or_fail(config);
    ASSERT_TRUE(put(*store, {{"a", "old"}}).ok());
    vfs_.fail_writes(nth);
    expect_unavailable(put(*store, {{"a", "new"}, {"b", "new"}}), "sqlite 13");
    // Nothing is written at close either, as if the process had been killed.
    store.reset();
    vfs_.heal();
    store = open_or_fail(config);
    EXPECT_EQ(get(*store, "a")->value, "old");
    EXPECT_EQ(get(*store, "b"), std::nullopt);
    EXPECT_EQ(store->sequence(), 1U);
  }
}

TEST_F(SqliteFailure, ACheckpointThatFailsDoesNotTakeBackTheCommit) {
  const auto store = open(Durability::crash);
  const std::string value(200000, 'v');
  const auto key = [](int number) { return "k" + std::to_string(number); };
  vfs_.fail_checkpoints();
  ::testing::internal::CaptureStderr();
  // 25 MB: more than the log may grow to without a checkpoint.
  for (int i = 0; i < 125; ++i) ASSERT_TRUE(put(*store, {{key(i), value}}).ok());
  const std::string logged = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(logged.find("could not checkpoint the store"), std::string::npos) << logged;
  for (int i = 0; i < 125; ++i) ASSERT_TRUE(get(*store, key(i))) << i;

  vfs_.heal();
  ASSERT_TRUE(put(*store, {{"after", "x"}}).ok());
  std::error_code ignored;
  EXPECT_GT(std::filesystem::file_size(dir_.file("store.db"), ignored), 24'000'000U);
}

TEST_F(SqliteFailure, EachCommitIsOneSyncAndNothingAppliedIsNone) {
  const auto store = open();
  ASSERT_TRUE(put(*store, {{"warm", "up"}}).ok());
  const int before = vfs_.syncs();
  std::vector<Transaction> many(64);
  for (std::size_t i = 0; i < many.size(); ++i) many[i].writes = {{std::to_string(i), "v"}};
  ASSERT_TRUE(store->commit(many).ok());
  EXPECT_EQ(vfs_.syncs(), before + 1);

  const Transaction loser{{{"0", 99}}, {{"0", "x"}}};
  const Transaction check{{{"0", 2}}, {}};
  const std::vector<Transaction> none{loser, check};
  ASSERT_TRUE(store->commit(none).ok());
  EXPECT_EQ(vfs_.syncs(), before + 1);
}

TEST_F(SqliteFailure, CrashDurabilityDoesNotSyncEachCommit) {
  const auto store = open(Durability::crash);
  ASSERT_TRUE(put(*store, {{"warm", "up"}}).ok());
  const int before = vfs_.syncs();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(put(*store, {{std::to_string(i), "v"}}).ok());
  EXPECT_EQ(vfs_.syncs(), before);
}

TEST_F(SqliteFailure, AFailedSyncOfACommitEndsTheProcess) {
  const auto store = open();
  ASSERT_TRUE(put(*store, {{"a", "old"}}).ok());
  for (const int code : {SQLITE_IOERR_FSYNC, SQLITE_IOERR_DIR_FSYNC}) {
    EXPECT_EXIT(
        {
          vfs_.fail_syncs(1, code);
          const auto result = put(*store, {{"a", "new"}});
          ::_exit(result.ok() ? 1 : 2);
        },
        ::testing::ExitedWithCode(kExitSyncFailed), "what is on disk is unknown");
  }
}

TEST_F(SqliteFailure, AFailedSyncOfACheckpointEndsTheProcess) {
  auto store = open(Durability::crash);
  ASSERT_TRUE(put(*store, {{"a", "old"}}).ok());
  EXPECT_EXIT(
      {
        vfs_.fail_syncs(1);
        store.reset();
        ::_exit(1);
      },
      ::testing::ExitedWithCode(kExitSyncFailed), "could not checkpoint the store");
}

TEST_F(SqliteFailure, AFailedSyncWhileTheStoreIsMadeEndsTheProcess) {
  EXPECT_EXIT(
      {
        vfs_.fail_syncs(1);
        const auto opened = open_sqlite_store({dir_.file("store.db")}, kNode);
        ::_exit(opened.ok() ? 1 : 2);
      },
      ::testing::ExitedWithCode(kExitSyncFailed), "could not make the store's tables");
}

TEST_F(SqliteFailure, ACommitWhoseOutcomeIsUnknownEndsTheProcess) {
  const auto store = open(Durability::crash);
  ASSERT_TRUE(put(*store, {{"a", "old"}}).ok());
  EXPECT_EXIT(
      {
        vfs_.fail_writes(1, SQLITE_IOERR_SHMSIZE);
        const auto result = put(*store, {{"a", "new"}});
        ::_exit(result.ok() ? 1 : 2);
      },
      ::testing::ExitedWithCode(kExitSyncFailed), "what is on disk is unknown");
}

/// A file system of 1 MiB for root, else a limit of the file's size: both are real refusals of the
/// kernel, below SQLite.
class FullDisk final {
 public:
  explicit FullDisk(const std::string& directory) : directory_(directory) {
    mounted_ = ::mount("coffer-test", directory.c_str(), "tmpfs", 0, "size=1m") == 0;
    if (mounted_) return;
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit smaller = before_;
    smaller.rlim_cur = 1U << 20U;
    ::setrlimit(RLIMIT_FSIZE, &smaller);
  }
  ~FullDisk() {
    if (mounted_) {
      ::umount(directory_.c_str());
    } else {
      grow();
    }
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

  void grow() {
    if (mounted_) {
      ::mount("coffer-test", directory_.c_str(), "tmpfs", MS_REMOUNT, "size=16m");
    } else {
      ::setrlimit(RLIMIT_FSIZE, &before_);
    }
  }

 private:
  std::string directory_;
  bool mounted_ = false;
  rlimit before_{};
};

TEST(SqliteFullDisk, RefusesWritesServesReadsAndGoesOnByItself) {
  const TempDir dir;
  FullDisk disk(dir.path());
  const SqliteConfig config{dir.file("store.db"), Durability::power, 1U << 16U};
  auto store = open_or_fail(config);
  const std::string value(20000, 'v');
  int stored = 0;
  while (stored < 1000 && put(*store, {{"k" + std::to_string(stored), value}}).ok()) ++stored;
  ASSERT_GT(stored, 5);
  ASSERT_LT(stored, 1000);

  const auto refused = put(*store, {{"more", value}});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  for (int i = 0; i < stored; ++i) ASSERT_TRUE(get(*store, "k" + std::to_string(i)));
  EXPECT_EQ(get(*store, "more"), std::nullopt);

  disk.grow();
  EXPECT_TRUE(put(*store, {{"more", value}}).ok());
  store.reset();
  EXPECT_EQ(integrity_of(config.path), "ok");
  store = open_or_fail(config);
  EXPECT_EQ(store->sequence(), static_cast<std::uint64_t>(stored) + 1U);
  EXPECT_EQ(get(*store, "more")->value, value);
  store.reset();
}

}  // namespace
}  // namespace coffer::store
