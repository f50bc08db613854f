// Whichever row is damaged is found, told by what it is, and known for one that may go or may not.
#include "coffer/core/damage.h"

#include <gtest/gtest.h>

#include "coffer/core/lacking.h"
#include "coffer/envelope/row_sums.h"
#include "coffer/envelope/stored.h"
#include "fakes/test_vault.h"

namespace coffer::core {
namespace {

using envelope::StoredKind;
using fakes::TestVault;
using model::Operation;

class DamageTest : public testing::Test {
 protected:
  void call(const std::string& path, const std::string& body) {
    const auto done = vault_.call(Operation::update, path, body);
    ASSERT_TRUE(done.ok()) << describe(done.error());
  }
  struct Stored {
    store::Key key;
    std::string value;
    envelope::RowName name;  ///< of rows alone
  };
  std::vector<Stored> stored(StoredKind kind) {
    std::vector<Stored> found;
    const auto snapshot = TestVault::must(vault_.store->snapshot());
    TestVault::must(snapshot->scan_after({}, [&](const store::Key& key, const store::Row& row) {
      if (envelope::kind_of(row.value) == kind) found.push_back({key, row.value, {}});
      return true;
    }));
    for (Stored& one : found) {
      if (kind != StoredKind::row) continue;
      const auto& keyring = *vault_.open().keyring;
      one.name = TestVault::must(envelope::open_stored_row(keyring, one.key, one.value)).row;
    }
    return found;
  }
  void write(const store::Key& key, std::optional<std::string> value) {
    ASSERT_TRUE(vault_.commit({{}, {{key, std::move(value)}}}));
  }
  static std::string changed_at(std::string value, std::size_t place) {
    value[place] = static_cast<char>(value[place] ^ 1);
    return value;
  }
  std::vector<DamagedRow> damaged() {
    return TestVault::must(damaged_rows(*vault_.open().keyring, *vault_.store));
  }
  /// Of the one row of this name; said without its key.
  DamagedRow with_damaged(std::uint16_t table, const std::string& name) {
    for (const Stored& row : stored(StoredKind::row)) {
      if (row.name.space.table != table || row.name.name != name) continue;
      write(row.key, changed_at(row.value, row.value.size() / 2));
      auto found = damaged();
      write(row.key, row.value);
      EXPECT_EQ(found.size(), 1U);
      if (found.size() != 1) return {};
      EXPECT_EQ(found[0].key, row.key);
      const std::size_t by_key = found[0].what.find(" (row " + to_hex(as_bytes(row.key)) + ")");
      EXPECT_NE(by_key, std::string::npos) << found[0].what;
      found[0].what.resize(std::min(by_key, found[0].what.size()));
      return found[0];
    }
    ADD_FAILURE() << "no such row: " << name;
    return {};
  }

  TestVault vault_;
};

TEST_F(DamageTest, AWholeStoreHasNone) {
  call("secret/data/a", R"({"data":{"k":"v"}})");
  EXPECT_TRUE(damaged().empty());
  EXPECT_EQ(describe(std::vector<DamagedRow>()), "");
}

TEST_F(DamageTest, FindsEachRowWhicheverByteChanged) {
  call("secret/data/a", R"({"data":{"k":"v"}})");
  for (const Stored& row : stored(StoredKind::row)) {
    if (row.key == envelope::row_sums_row_key()) continue;
    for (const std::size_t place : {std::size_t{0}, std::size_t{5}, row.value.size() - 1}) {
      // A key in clear with something of another format is none of this vault's rows.
      if (place == 0 && row.key.size() != 32) continue;
      write(row.key, changed_at(row.value, place));
      const auto found = damaged();
      ASSERT_EQ(found.size(), 1U) << place;
      EXPECT_EQ(found[0].key, row.key);
      EXPECT_NE(found[0].version, 0U);
      EXPECT_FALSE(found[0].what.empty());
      write(row.key, row.value);
    }
  }
}

TEST_F(DamageTest, WhatSaysWhoMayDoWhatIsNeeded) {
  call("sys/policies/acl/p", R"({"policy":"path \"secret/*\" { capabilities = [\"read\"] }"})");
  call("auth/token/roles/r", R"({"allowed_policies":["default"]})");
  call("auth/unix/role/u", R"({"bound_uids":[7],"token_policies":["default"]})");
  struct Case {
    std::uint16_t table;
    std::string name;
    std::string what;
  };
  const Case cases[] = {{3, "p", "a policy"},
                        {8, "r", "a token role"},
                        {9, "u", "a role of the unix peer"},
                        {4, "initialised", "a setting"}};
  for (const Case& one : cases) {
    const DamagedRow row = with_damaged(one.table, one.name);
    EXPECT_TRUE(row.needed) << one.what;
    EXPECT_EQ(row.what, one.what);
  }
}

TEST_F(DamageTest, WhatMayGoIsToldByItsPlace) {
  call("secret/data/app/db", R"({"data":{"k":"v"}})");
  call("sys/policies/acl/p", R"({"policy":"path \"secret/*\" { capabilities = [\"read\"] }"})");
  struct Case {
    std::uint16_t table;
    std::string name;
    std::string what;
  };
  const Case cases[] = {{1, "db", "a key in secret/app/"},
                        {2, "app/", "a folder in secret/"},
                        {4, "config", "the configuration in secret/"},
                        {4, "policies", "a count of changes"},
                        {9, "epoch", "a count of changes"}};
  for (const Case& one : cases) {
    if (one.name == "epoch") call("auth/unix/role/u", R"({"bound_uids":[7],"token_policies":[]})");
    const DamagedRow row = with_damaged(one.table, one.name);
    EXPECT_FALSE(row.needed) << one.what;
    EXPECT_EQ(row.what, one.what);
  }
}

TEST_F(DamageTest, ATokenIsVoidAnyway) {
  call("auth/token/create", R"({"policies":["default"]})");
  for (const Stored& row : stored(StoredKind::row)) {
    if (row.name.space.mount != Uuid{} || row.name.space.table != 1) continue;
    const DamagedRow found = with_damaged(1, row.name.name);
    EXPECT_FALSE(found.needed);
    EXPECT_EQ(found.what, "a token");
  }
}

TEST_F(DamageTest, AMountThatIsDamagedLeavesItsRowsTheirUuid) {
  call("secret/data/app/db", R"({"data":{"k":"v"}})");
  const Uuid mount = vault_.mounts()->at("secret/")->mount.uuid;
  for (const Stored& row : stored(StoredKind::row)) {
    const bool is_mount = row.name.space.table == 2 && row.name.name == to_string(mount);
    const bool is_key = row.name.space.mount == mount && row.name.name == "db";
    if (is_mount || is_key) write(row.key, changed_at(row.value, row.value.size() / 2));
  }
  const auto found = damaged();
  ASSERT_EQ(found.size(), 2U);
  for (const DamagedRow& row : found) {
    const bool is_mount = row.what.starts_with("a mount (row ");
    EXPECT_EQ(row.needed, is_mount);
    EXPECT_TRUE(is_mount || row.what.starts_with("a row of table 1 of mount " + to_string(mount)))
        << row.what;
  }
}

TEST_F(DamageTest, NamesTheFirstAndCountsAll) {
  std::vector<DamagedRow> rows(12, DamagedRow{.key = "k", .what = "x"});
  EXPECT_EQ(describe(rows), "12 rows can't be opened: x, x, x, x, x, x, x, x, x, x and 2 more");
  rows.resize(1);
  EXPECT_EQ(describe(rows), "1 row can't be opened: x");
}

class LackingTest : public DamageTest {
 protected:
  StillLacking still() {
    return TestVault::must(still_lacking(*vault_.open().mounts, *vault_.begin()));
  }
  void note(const Lacking& lacking) {
    const auto tx = vault_.begin();
    ASSERT_TRUE(set_lacking(*tx, lacking).ok());
    ASSERT_TRUE(vault_.commit(tx->take()));
  }
  /// One version of secret/app/db, as it stands.
  LackingSecret secret(std::uint64_t version) {
    const Uuid mount = vault_.mounts()->at("secret/")->mount.uuid;
    LackingSecret one{.said_by = {{mount, 1}, "app/", "db"}};
    one.secret.row = {{mount, 3}, "app/db", std::to_string(version)};
    one.secret.context = {mount, "app/db", version};
    const auto tx = vault_.begin();
    one.version = TestVault::must(tx->version_at(TestVault::must(tx->place(one.secret.row))));
    one.id = TestVault::must(envelope::stored_secret_id(*tx, one.secret.row));
    return one;
  }
  void note_two() {
    call("secret/data/app/db", R"({"data":{"k":"1"}})");
    call("secret/data/app/db", R"({"data":{"k":"2"}})");
    Lacking lacking;
    lacking.add_secret(secret(1));
    lacking.add_secret(secret(2));
    lacking.add_row("a token");
    note(lacking);
  }
};

TEST_F(LackingTest, IsEmptyUntilAStoreIsTakenOn) {
  EXPECT_EQ(still().rows, 0U);
  EXPECT_EQ(still().secrets, 0U);
}

TEST_F(LackingTest, NamesWhatIsThereAsItWas) {
  note_two();
  EXPECT_EQ(still().damaged,
            (std::vector<std::string>{"secret/app/db, version 1", "secret/app/db, version 2"}));
  EXPECT_EQ(still().secrets, 2U);
  EXPECT_EQ(still().rows, 1U);
  EXPECT_EQ(still().named, std::vector<std::string>{"a token"});
  note({});
  EXPECT_EQ(still().secrets + still().rows, 0U);
}

TEST_F(LackingTest, WhatIsDestroyedOrGoneOrWrittenInItsPlaceIsLackingNoMore) {
  note_two();
  call("secret/data/app/db", R"({"data":{"k":"3"}})");
  EXPECT_EQ(still().secrets, 2U) << "another version leaves those as they are";
  call("secret/destroy/app/db", R"({"versions":[1]})");
  EXPECT_EQ(still().damaged, std::vector<std::string>{"secret/app/db, version 2"});
  ASSERT_TRUE(vault_.call(Operation::remove, "secret/metadata/app/db").ok());
  EXPECT_EQ(still().secrets, 0U);
  for (const char* value : {"1", "2"}) {
    call("secret/data/app/db", R"({"data":{"k":")" + std::string(value) + R"("}})");
  }
  EXPECT_EQ(still().secrets, 0U) << "others stand there now";
}

TEST_F(LackingTest, ARewrapIsNoOtherSecret) {
  note_two();
  call("sys/rotate", "");
  vault_.sweep();
  EXPECT_NE(secret(1).version, 0U);
  EXPECT_EQ(still().secrets, 2U);
}

TEST_F(LackingTest, AMountThatIsGoneLacksNothing) {
  note_two();
  ASSERT_TRUE(vault_.call(Operation::remove, "sys/mounts/secret").ok());
  EXPECT_EQ(still().secrets, 0U);
}

TEST_F(LackingTest, CountsAllAndKeepsTheNamesOfTheFirst) {
  call("secret/data/app/db", R"({"data":{"k":"1"}})");
  Lacking lacking;
  for (std::size_t i = 0; i < Lacking::kMost + 7; ++i) {
    lacking.add_row("a token");
    lacking.add_secret(secret(1));
  }
  note(lacking);
  EXPECT_EQ(still().rows, Lacking::kMost + 7);
  EXPECT_EQ(still().named.size(), Lacking::kMost);
  EXPECT_EQ(still().secrets, Lacking::kMost + 7);
  call("secret/destroy/app/db", R"({"versions":[1]})");
  EXPECT_EQ(still().secrets, 7U);
}

}  // namespace
}  // namespace coffer::core
