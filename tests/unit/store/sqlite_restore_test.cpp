// A store that takes the place of another: whole, at once, and never with the other's log.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "coffer/store/restore.h"
#include "store_test_kit.h"

namespace coffer::store {
namespace {

constexpr Uuid kOther{{7, 7}};

class SqliteRestore : public ::testing::Test {
 protected:
  std::string file(const std::string& suffix = "") const { return dir_.file("store.db") + suffix; }
  SqliteConfig config() const { return {file(), Durability::power, 1U << 20U}; }

  /// Rows k0000… of version i + 1.
  static Filling filling(int rows, std::string aside = "store.db.aside") {
    auto next = std::make_shared<int>(0);
    return {.node = kOther,
            .sequence = 5000,
            .feed = [rows, next](Key& key, Row& row) -> Result<bool> {
              if (*next == rows) return false;
              key = name(*next);
              row = {"value " + key, static_cast<RowVersion>(++*next)};
              return true;
            },
            .aside = std::move(aside)};
  }
  static std::string name(int number) {
    std::string text = std::to_string(number);
    return "k" + std::string(4 - text.size(), '0') + text;
  }
  void make_old() {
    const auto store = open_or_fail(config());
    ASSERT_TRUE(put(*store, {{"old", "one"}}).ok());
  }
  void expect_restored(int rows) {
    const auto store = open_or_fail(config());
    EXPECT_EQ(store->sequence(), 5000U);
    EXPECT_EQ(store->node(), kOther);
    EXPECT_FALSE(get(*store, "old"));
    for (int i = 0; i < rows; i += 7) {
      const auto row = get(*store, name(i));
      ASSERT_TRUE(row) << i;
      EXPECT_EQ(row->value, "value " + name(i));
      EXPECT_EQ(row->version, static_cast<RowVersion>(i + 1));
    }
    ASSERT_TRUE(put(*store, {{"more", "x"}}).ok());
    EXPECT_EQ(get(*store, "more")->version, 5001U);
  }
  /// A process that dies with commits in its log.
  void leave_log() {
    const pid_t child = ::fork();
    if (child == 0) {
      const auto store = open_or_fail(config());
      (void)put(*store, {{"old", "two"}, {"late", "in the log alone"}});
      ::raise(SIGKILL);
    }
    ::waitpid(child, nullptr, 0);
    ASSERT_TRUE(file_exists(file("-wal")));
  }

  TempDir dir_;
};

TEST_F(SqliteRestore, FillsAnEmptyDirectory) {
  const auto replaced = replace_sqlite_store(file(), filling(100, ""));
  ASSERT_TRUE(replaced.ok()) << describe(replaced.error());
  EXPECT_FALSE(*replaced);
  struct stat about {};
  ASSERT_EQ(::stat(file().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777U, 0600U);
  expect_restored(100);
  EXPECT_EQ(integrity_of(file()), "ok");
}

TEST_F(SqliteRestore, SetsTheOldStoreAsideWhole) {
  make_old();
  const auto replaced = replace_sqlite_store(file(), filling(100));
  ASSERT_TRUE(replaced.ok()) << describe(replaced.error());
  EXPECT_TRUE(*replaced);
  expect_restored(100);
  const auto old = open_or_fail({dir_.file("store.db.aside")});
  EXPECT_EQ(get(*old, "old")->value, "one");
  EXPECT_EQ(old->node(), kNode);
  EXPECT_FALSE(file_exists(file(".restore")));
}

TEST_F(SqliteRestore, NeverLeavesTheOldLogBesideTheNewStore) {
  make_old();
  leave_log();
  ASSERT_TRUE(replace_sqlite_store(file(), filling(100)).ok());
  EXPECT_FALSE(file_exists(file("-wal")));
  EXPECT_FALSE(file_exists(file("-shm")));
  expect_restored(100);
  const auto old = open_or_fail({dir_.file("store.db.aside")});
  EXPECT_EQ(get(*old, "late")->value, "in the log alone") << "what the log held is kept";
}

TEST_F(SqliteRestore, ReplacesAStoreThatCannotBeReadAnyMore) {
  make_old();
  leave_log();
  {
    std::ofstream damage(file(), std::ios::binary | std::ios::trunc);
    damage << "no database";
  }
  const std::string log = read_file(file("-wal"));
  ASSERT_TRUE(replace_sqlite_store(file(), filling(100)).ok());
  expect_restored(100);
  EXPECT_EQ(read_file(dir_.file("store.db.aside")), "no database");
  EXPECT_EQ(read_file(dir_.file("store.db.aside-wal")), log);
}

TEST_F(SqliteRestore, LeavesAStoreOfALaterProgramAlone) {
  make_old();
  run_sql(file(), "PRAGMA user_version=99");
  const std::string before = read_file(file());
  const auto refused = replace_sqlite_store(file(), filling(100));
  EXPECT_EQ(refused.error().code, ErrorCode::precondition);
  EXPECT_EQ(read_file(file()), before);
}

TEST_F(SqliteRestore, IsRefusedWhileTheStoreIsOpen) {
  const auto store = open_or_fail(config());
  EXPECT_EQ(replace_sqlite_store(file(), filling(1)).error().code, ErrorCode::conflict);
  ASSERT_TRUE(put(*store, {{"a", "goes on"}}).ok());
}

TEST_F(SqliteRestore, TakesNoNameThatIsTaken) {
  make_old();
  EXPECT_EQ(replace_sqlite_store(file(), filling(1, "")).error().code, ErrorCode::conflict);
  std::ofstream(dir_.file("store.db.aside")) << "kept";
  EXPECT_EQ(replace_sqlite_store(file(), filling(1)).error().code, ErrorCode::conflict);
  EXPECT_EQ(read_file(dir_.file("store.db.aside")), "kept");
}

TEST_F(SqliteRestore, AFeedThatFailsAnywhereChangesNothing) {
  make_old();
  for (const int failing : {0, 1, 50, 99, 100}) {
    Filling fails = filling(100);
    fails.feed = [count = 0, failing, inner = fails.feed](Key& key,
                                                          Row& row) mutable -> Result<bool> {
      if (count++ == failing) return make_error(ErrorCode::corrupt, "altered");
      return inner(key, row);
    };
    EXPECT_EQ(replace_sqlite_store(file(), fails).error().code, ErrorCode::corrupt) << failing;
    EXPECT_FALSE(file_exists(file(".restore"))) << failing;
    EXPECT_FALSE(file_exists(dir_.file("store.db.aside"))) << failing;
    const auto store = open_or_fail(config());
    EXPECT_EQ(get(*store, "old")->value, "one");
  }
}

TEST_F(SqliteRestore, RefusesARowThatIsNewerThanTheStore) {
  Filling wrong = filling(1, "");
  wrong.sequence = 0;
  EXPECT_EQ(replace_sqlite_store(file(), wrong).error().code, ErrorCode::corrupt);
  EXPECT_FALSE(file_exists(file()));
}

TEST_F(SqliteRestore, WhatAKilledRestoreLeftIsInNobodysWay) {
  make_old();
  const pid_t child = ::fork();
  if (child == 0) {
    Filling dies = filling(1000);
    dies.feed = [count = 0, inner = dies.feed](Key& key, Row& row) mutable {
      if (++count == 500) ::raise(SIGKILL);
      return inner(key, row);
    };
    (void)replace_sqlite_store(file(), dies);
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  ASSERT_TRUE(file_exists(file(".restore")));
  {
    const auto store = open_or_fail(config());
    EXPECT_EQ(get(*store, "old")->value, "one");
  }
  ASSERT_TRUE(replace_sqlite_store(file(), filling(100)).ok());
  expect_restored(100);
}

}  // namespace
}  // namespace coffer::store
