// Everything is opened, and what isn't as it was shows, wherever it is.
#include "coffer/core/drill.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "coffer/envelope/stored.h"
#include "fakes/test_vault.h"

namespace coffer::core {
namespace {

using envelope::StoredKind;
using fakes::TestVault;
using model::Operation;

class DrillTest : public testing::Test {
 protected:
  void put(const std::string& path) {
    const auto done = vault_.call(Operation::update, path, R"({"data":{"k":"v"}})");
    ASSERT_TRUE(done.ok()) << describe(done.error());
  }
  DrillReport run() {
    failed_.clear();
    vault_.open().sealed_store->purge_cache();
    return TestVault::must(open_everything(
        vault_.open(), *vault_.store,
        {.failed = [this](const std::string& what, const Error&) { failed_.push_back(what); }}));
  }
  /// The store's rows of one kind.
  std::vector<std::pair<store::Key, std::string>> stored(StoredKind kind) {
    std::vector<std::pair<store::Key, std::string>> found;
    const auto snapshot = TestVault::must(vault_.store->snapshot());
    TestVault::must(snapshot->scan({}, [&](const store::Key& key, const store::Row& row) {
      if (envelope::kind_of(row.value) == kind) found.emplace_back(key, row.value);
      return true;
    }));
    return found;
  }
  void write(const store::Key& key, std::optional<std::string> value) {
    ASSERT_TRUE(vault_.commit({{}, {{key, std::move(value)}}}));
  }

  TestVault vault_;
  std::vector<std::string> failed_;
};

TEST_F(DrillTest, CountsEachVersionOfEachSecretOfEachMount) {
  for (const char* path : {"secret/data/a", "secret/data/b/c", "secret/data/b/c", "plain/x/y/z"}) {
    put(path);
  }
  const DrillReport report = run();
  EXPECT_TRUE(report.good());
  EXPECT_EQ(report.secrets, 4U);
  EXPECT_EQ(report.rows, stored(StoredKind::row).size());
}

TEST_F(DrillTest, OpensWhatIsDeletedAndNotWhatIsDestroyed) {
  for (int i = 0; i < 3; ++i) put("secret/data/a");
  ASSERT_TRUE(vault_.call(Operation::update, "secret/delete/a", R"({"versions":[1]})").ok());
  ASSERT_TRUE(vault_.call(Operation::update, "secret/destroy/a", R"({"versions":[2]})").ok());
  const DrillReport report = run();
  EXPECT_TRUE(report.good());
  EXPECT_EQ(report.secrets, 2U);
}

TEST_F(DrillTest, OpensWhatAMountThatIsGoneHasLeft) {
  put("secret/data/a");
  ASSERT_TRUE(vault_.call(Operation::remove, "sys/mounts/secret").ok());
  const DrillReport report = run();
  EXPECT_TRUE(report.good());
  EXPECT_EQ(report.secrets, 1U);
}

TEST_F(DrillTest, NamesASecretThatWasAlteredAndGoesOn) {
  put("secret/data/a");
  put("secret/data/b");
  auto secrets = stored(StoredKind::secret);
  ASSERT_EQ(secrets.size(), 2U);
  secrets[0].second.back() = static_cast<char>(secrets[0].second.back() ^ 1);
  write(secrets[0].first, secrets[0].second);
  const DrillReport report = run();
  EXPECT_EQ(report.failures, 1U);
  EXPECT_EQ(report.secrets, 1U);
  ASSERT_EQ(failed_.size(), 1U);
  EXPECT_EQ(failed_[0], "secret " + to_hex(as_bytes(secrets[0].first)) + " of secret/");
}

TEST_F(DrillTest, MissesASecretThatIsNotThere) {
  put("secret/data/a");
  write(stored(StoredKind::secret)[0].first, std::nullopt);
  EXPECT_EQ(run().failures, 1U);
}

/// The row that says of it is gone: nobody could say what it is bound to.
TEST_F(DrillTest, CountsASecretThatNothingLeadsTo) {
  put("secret/data/a");
  for (const auto& [key, value] : stored(StoredKind::row)) {
    const auto opened =
        TestVault::must(envelope::open_stored_row(*vault_.open().keyring, key, value));
    if (opened.row.name == "a") write(key, std::nullopt);
  }
  const DrillReport report = run();
  EXPECT_EQ(report.unreachable, 1U);
  EXPECT_FALSE(report.good());
}

TEST_F(DrillTest, NamesEachRowThatWasAltered) {
  put("secret/data/a");
  const auto rows = stored(StoredKind::row);
  ASSERT_GT(rows.size(), 4U);
  for (const auto& [key, value] : rows) {
    std::string changed = value;
    changed.back() = static_cast<char>(changed.back() ^ 1);
    vault_.open().sealed_store->purge_cache();
    write(key, changed);
    // The mount table itself may be what was altered: then the drill can't even begin.
    const auto report = open_everything(vault_.open(), *vault_.store, {});
    EXPECT_TRUE(!report.ok() || !report->good()) << to_hex(as_bytes(key));
    write(key, value);
  }
  EXPECT_TRUE(run().good());
}

TEST_F(DrillTest, ATokenThatIsAwayEndsIt) {
  put("secret/data/a");
  vault_.open().sealed_store->purge_cache();
  vault_.token.pull();
  const auto report = open_everything(vault_.open(), *vault_.store, {});
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, ErrorCode::unavailable);
}

TEST_F(DrillTest, WhatIsntToBeOpenedHasToBeThereAllTheSame) {
  for (const char* path : {"secret/data/a", "secret/data/b", "secret/data/c"}) put(path);
  auto secrets = stored(StoredKind::secret);
  write(secrets[0].first, std::nullopt);
  secrets[1].second.back() = static_cast<char>(secrets[1].second.back() ^ 1);
  write(secrets[1].first, secrets[1].second);
  std::vector<store::RowVersion> damaged;
  const auto note = [&](const envelope::RowName& said_by, const engine::KnownSecret& secret,
                        store::RowVersion version) {
    EXPECT_EQ(said_by.name, secret.context.path);
    damaged.push_back(version);
  };
  for (const bool opens : {false, true}) {
    damaged.clear();
    vault_.open().sealed_store->purge_cache();
    const DrillReport report = TestVault::must(open_everything(
        vault_.open(), *vault_.store, {.damaged = note, .opens = [opens] { return opens; }}));
    EXPECT_EQ(report.unopened, opens ? 0U : 2U);
    EXPECT_EQ(report.secrets, opens ? 1U : 0U);
    EXPECT_EQ(damaged.size(), opens ? 2U : 1U);
    EXPECT_EQ(std::count(damaged.begin(), damaged.end(), 0U), 1) << "the one that isn't there";
  }
}

TEST_F(DrillTest, TellsHowFarItIs) {
  for (int i = 0; i < 600; ++i) put("secret/data/" + std::to_string(i));
  int told = 0;
  const auto report = open_everything(vault_.open(), *vault_.store,
                                      {.progress = [&](const DrillReport&) { ++told; }});
  ASSERT_TRUE(report.ok());
  EXPECT_GE(told, 1);
}

}  // namespace
}  // namespace coffer::core
