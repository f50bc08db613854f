// Rows that were opened before: given again only while they stand in the store as they were.
#include "../../../src/envelope/opened_rows.h"

#include "world.h"

namespace coffer::envelope {
namespace {

const Space kSpace{id(3), 1};

store::Key key_of(std::uint64_t number) {
  store::Key key(32, 'k');
  for (std::size_t i = 0; i < 8; ++i) {
    key[24 + i] = static_cast<char>(static_cast<std::uint8_t>(number >> (8 * i)));
  }
  return key;
}

OpenRow row_of(std::string value) { return {{kSpace, "a/", "b"}, std::move(value)}; }

TEST(OpenedRows, AreFoundByKeyAndVersion) {
  OpenedRows rows;
  EXPECT_FALSE(rows.find(key_of(1), 5));
  rows.put(key_of(1), 5, row_of("v"));
  const auto found = rows.find(key_of(1), 5);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->value, "v");
  EXPECT_EQ(found->row.name, "b");
  EXPECT_EQ(found->row.parent, "a/");
  EXPECT_FALSE(rows.find(key_of(1), 4));
  EXPECT_FALSE(rows.find(key_of(1), 6));
  EXPECT_FALSE(rows.find(key_of(2), 5));
}

TEST(OpenedRows, WhatIsntStoredIsntKept) {
  OpenedRows rows;
  rows.put(key_of(1), 0, row_of("staged"));
  EXPECT_FALSE(rows.find(key_of(1), 0));
}

TEST(OpenedRows, OfTwoInOnePlaceTheLastOneStays) {
  OpenedRows rows;
  const store::Key other = key_of(1 + OpenedRows::kPlaces);
  rows.put(key_of(1), 5, row_of("first"));
  rows.put(other, 5, row_of("second"));
  EXPECT_FALSE(rows.find(key_of(1), 5));
  EXPECT_EQ(rows.find(other, 5)->value, "second");
}

TEST(OpenedRows, LargeRowsArentKept) {
  OpenedRows rows;
  rows.put(key_of(1), 5, row_of(std::string(OpenedRows::kLargest - 3, 'x')));
  EXPECT_TRUE(rows.find(key_of(1), 5));
  rows.put(key_of(2), 5, row_of(std::string(OpenedRows::kLargest - 2, 'x')));
  EXPECT_FALSE(rows.find(key_of(2), 5));
}

TEST(OpenedRows, APurgeForgetsAll) {
  OpenedRows rows;
  for (std::uint64_t i = 0; i < OpenedRows::kPlaces; ++i) rows.put(key_of(i), 5, row_of("v"));
  EXPECT_TRUE(rows.find(key_of(7), 5));
  rows.purge();
  for (std::uint64_t i = 0; i < OpenedRows::kPlaces; ++i) EXPECT_FALSE(rows.find(key_of(i), 5));
}

// Through a transaction.

const RowName kRow{kSpace, "a/", "b"};

struct Remembered : World {
  Remembered() { put(kRow, "one"); }
  store::Key key() { return must(begin()->place(kRow)); }
  std::string value() { return must(begin()->read(kRow)).value_or(OpenedRow{"none"}).value; }
  std::string listed() {
    const auto rows = must(begin()->list(kSpace, "a/"));
    return rows.empty() ? "none" : rows.front().value;
  }
};

TEST(RememberedRows, AreThoseOfTheLastCommit) {
  Remembered world;
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(world.value(), "one");
    EXPECT_EQ(world.listed(), "one");
    const auto row = must(world.begin()->read(kRow));
    EXPECT_EQ(row->version, must(world.begin()->version_at(world.key())));
  }
  world.put(kRow, "two");
  EXPECT_EQ(world.value(), "two");
  EXPECT_EQ(world.listed(), "two");
  world.overwrite(world.key(), std::nullopt);
  EXPECT_EQ(world.value(), "none");
  EXPECT_EQ(world.listed(), "none");
}

TEST(RememberedRows, AnOlderSnapshotStillReadsWhatStoodThen) {
  Remembered world;
  const auto old = world.begin();
  EXPECT_EQ(must(old->read(kRow))->value, "one");
  world.put(kRow, "two");
  EXPECT_EQ(world.value(), "two");
  EXPECT_EQ(must(old->read(kRow))->value, "one");
}

TEST(RememberedRows, WhatIsStagedIsNeverTakenForWhatIsStored) {
  Remembered world;
  EXPECT_EQ(world.value(), "one");
  {
    const auto tx = world.begin();
    must(tx->write(kRow, "staged", Expect::anything()));
    EXPECT_EQ(must(tx->read(kRow))->value, "staged");
    EXPECT_EQ(must(tx->list(kSpace, "a/")).front().value, "staged");
    tx->erase(kRow, Expect::anything());
    EXPECT_FALSE(must(tx->read(kRow)));
  }
  EXPECT_EQ(world.value(), "one");
  EXPECT_EQ(world.listed(), "one");
}

// A damaged row under a new version is looked at, however often the row was read before.
TEST(RememberedRows, ADamagedRowIsCorruptAtItsFirstRead) {
  Remembered world;
  EXPECT_EQ(world.value(), "one");
  std::string sealed;
  for (const auto& [key, value] : world.raw_rows()) {
    if (key == world.key()) sealed = value;
  }
  ASSERT_FALSE(sealed.empty());
  sealed.back() ^= 1;
  world.overwrite(world.key(), sealed);
  EXPECT_EQ(code_of(world.begin()->read(kRow)), ErrorCode::corrupt);
  EXPECT_EQ(code_of(world.begin()->list(kSpace, "a/")), ErrorCode::corrupt);
}

TEST(RememberedRows, AreReadAgainAfterAPurge) {
  Remembered world;
  EXPECT_EQ(world.value(), "one");
  world.sealed->purge_cache();
  EXPECT_EQ(world.value(), "one");
  EXPECT_EQ(world.listed(), "one");
}

}  // namespace
}  // namespace coffer::envelope
