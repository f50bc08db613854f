// A store of which rows went: folders, the list of rotations and what is due are there again.
#include "coffer/core/mend.h"

#include <gtest/gtest.h>

#include "coffer/envelope/stored.h"
#include "fakes/test_vault.h"

namespace coffer::core {
namespace {

using fakes::TestVault;
using model::Operation;

class MendTest : public testing::Test {
 protected:
  void SetUp() override {
    call("secret/data/app/sub/db", R"({"data":{"password":"v"}})");
    call("secret/rotation/app/sub/db",
         R"({"rotator":"generate","period":"24h","fields":["password"]})");
  }
  void call(const std::string& path, const std::string& body) {
    const auto done = vault_.call(Operation::update, path, body);
    ASSERT_TRUE(done.ok()) << describe(done.error());
  }
  /// The keys of the rows that `wanted` says of.
  template <typename Wanted>
  std::vector<store::Key> keys_of(const Wanted& wanted) {
    std::vector<store::Key> keys;
    const auto snapshot = TestVault::must(vault_.store->snapshot());
    TestVault::must(snapshot->scan_after({}, [&](const store::Key& key, const store::Row& row) {
      if (envelope::kind_of(row.value) != envelope::StoredKind::row) return true;
      const auto opened = envelope::open_stored_row(*vault_.open().keyring, key, row.value);
      if (opened.ok() && wanted(opened->row)) keys.push_back(key);
      return true;
    }));
    return keys;
  }
  /// They go, and are there again.
  template <typename Wanted>
  void lose_and_mend(std::size_t count, const Wanted& wanted) {
    const auto keys = keys_of(wanted);
    ASSERT_EQ(keys.size(), count);
    store::Transaction lost;
    for (const store::Key& key : keys) lost.writes.push_back({key, std::nullopt});
    ASSERT_TRUE(vault_.commit(std::move(lost)));
    ASSERT_TRUE(keys_of(wanted).empty());
    const auto mended = mend(vault_.open(), *vault_.store, system_clock().wall());
    ASSERT_TRUE(mended.ok()) << describe(mended.error());
    EXPECT_EQ(keys_of(wanted), keys);
  }

  TestVault vault_;
};

TEST_F(MendTest, FoldersOfKeys) {
  lose_and_mend(
      2, [](const envelope::RowName& row) { return row.name == "app/" || row.name == "sub/"; });
}

TEST_F(MendTest, WhatIsDueForARotation) {
  lose_and_mend(1, [](const envelope::RowName& row) {
    return row.space.mount == Uuid{} && row.space.table == 5 &&
           row.name.find("/app/sub/db") != std::string::npos;
  });
}

TEST_F(MendTest, ItsPlaceInTheList) {
  lose_and_mend(1, [](const envelope::RowName& row) {
    return row.space.mount == Uuid{} && row.space.table == 30;
  });
}

/// Of rows that are whole nothing else becomes another.
TEST_F(MendTest, WhatIsThereStaysThere) {
  const auto all = [](const envelope::RowName&) { return true; };
  const auto before = keys_of(all);
  ASSERT_TRUE(mend(vault_.open(), *vault_.store, system_clock().wall()).ok());
  EXPECT_EQ(keys_of(all), before);
}

}  // namespace
}  // namespace coffer::core
