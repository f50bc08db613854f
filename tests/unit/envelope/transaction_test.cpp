// Rows and listings of a SealedTransaction.
#include "world.h"

namespace coffer::envelope {
namespace {

const Space kSpace{id(3), 1};

RowName named(std::string parent, std::string name) {
  return {kSpace, std::move(parent), std::move(name)};
}

std::string read(SealedTransaction& tx, const RowName& row) {
  const auto found = must(tx.read(row));
  return found ? found->value : "(none)";
}

std::string listing(SealedTransaction& tx, std::string_view parent) {
  std::string out;
  for (const ListedRow& row : must(tx.list(kSpace, parent))) {
    out += row.name + "=" + row.value + " ";
  }
  return out;
}

TEST(SealedTransaction, ReadsWhatWasCommitted) {
  World world;
  world.put(named("a/", "b"), "value");
  EXPECT_EQ(read(*world.begin(), named("a/", "b")), "value");
  EXPECT_EQ(read(*world.begin(), named("a/", "c")), "(none)");
  EXPECT_EQ(read(*world.begin(), named("", "b")), "(none)");
}

TEST(SealedTransaction, ReadsValuesOfEveryLengthAndByte) {
  World world;
  std::string value;
  for (int i = 0; i < 300; ++i) {
    world.put(named("a/", "b"), value);
    EXPECT_EQ(read(*world.begin(), named("a/", "b")), value);
    value.push_back(static_cast<char>(i));
  }
}

TEST(SealedTransaction, CommitsNothingByItself) {
  World world;
  const std::size_t commits = world.store.commits;
  {
    auto tx = world.begin();
    must(tx->write(named("a/", "b"), "value", Expect::anything()));
    must(tx->seal_secret(named("a/", "c"), {id(3), "a/c", 1}, "secret"));
  }
  EXPECT_EQ(world.store.commits, commits);
  EXPECT_EQ(read(*world.begin(), named("a/", "b")), "(none)");
}

TEST(SealedTransaction, TakesItsSnapshotAtTheFirstReadAndKeepsIt) {
  World world;
  world.put(named("a/", "b"), "old");
  auto tx = world.begin();
  const std::size_t snapshots = world.store.snapshots;
  must(tx->write(named("a/", "z"), "value", Expect::anything()));
  EXPECT_EQ(world.store.snapshots, snapshots);
  EXPECT_EQ(read(*tx, named("a/", "b")), "old");
  world.put(named("a/", "b"), "new");
  EXPECT_EQ(read(*tx, named("a/", "b")), "old");
  EXPECT_EQ(read(*world.begin(), named("a/", "b")), "new");
}

TEST(SealedTransaction, ADemandWithoutAWriteStopsTheCommitWhenItDoesNotHold) {
  World world;
  world.put(named("a/", "b"), "old");
  const store::RowVersion version = must(world.begin()->read(named("a/", "b")))->version;
  const auto outcome = [&](Expect expect) {
    auto tx = world.begin();
    must(tx->require(named("a/", "b"), expect));
    must(tx->write(named("a/", "z"), "value", Expect::anything()));
    const store::Transaction all[] = {tx->take()};
    return must(world.store.commit(all)).front();
  };
  EXPECT_EQ(outcome(Expect::absent()), store::CommitOutcome::precondition_failed);
  EXPECT_EQ(outcome(Expect::unchanged(version)), store::CommitOutcome::committed);
  world.put(named("a/", "b"), "new");
  EXPECT_EQ(outcome(Expect::unchanged(version)), store::CommitOutcome::precondition_failed);
}

TEST(SealedTransaction, ListsNoMoreThanWasAskedForStagedOrStored) {
  World world;
  for (const char* name : {"b", "c", "d"}) world.put(named("a/", name), "value");
  auto tx = world.begin();
  must(tx->write(named("a/", "e"), "value", Expect::anything()));
  tx->erase(named("a/", "b"), Expect::anything());
  for (const std::size_t most : {0U, 1U, 2U, 3U}) {
    EXPECT_EQ(must(tx->list_some(kSpace, "a/", most)).size(), most);
  }
  EXPECT_EQ(must(tx->list_some(kSpace, "a/", 4)).size(), 3U);
}

TEST(SealedTransaction, ReadsItsOwnWrites) {
  World world;
  world.put(named("a/", "b"), "old");
  auto tx = world.begin();
  must(tx->write(named("a/", "b"), "new", Expect::anything()));
  EXPECT_EQ(read(*tx, named("a/", "b")), "new");
  tx->erase(named("a/", "b"), Expect::anything());
  EXPECT_EQ(read(*tx, named("a/", "b")), "(none)");
  must(tx->write(named("a/", "b"), "again", Expect::anything()));
  EXPECT_EQ(read(*tx, named("a/", "b")), "again");
  world.commit(*tx);
  EXPECT_EQ(read(*world.begin(), named("a/", "b")), "again");
}

TEST(SealedTransaction, TheVersionOfAStagedRowIsThatOfTheStore) {
  World world;
  auto tx = world.begin();
  must(tx->write(named("a/", "b"), "1", Expect::absent()));
  EXPECT_EQ(must(tx->read(named("a/", "b")))->version, 0U);
  world.commit(*tx);
  tx = world.begin();
  const store::RowVersion stored = must(tx->read(named("a/", "b")))->version;
  EXPECT_GT(stored, 0U);
  must(tx->write(named("a/", "b"), "2", Expect::unchanged(stored)));
  // So that a second write of the same row can expect what it read.
  must(tx->write(named("a/", "b"), "3",
                 Expect::unchanged(must(tx->read(named("a/", "b")))->version)));
  world.commit(*tx);
  EXPECT_EQ(read(*world.begin(), named("a/", "b")), "3");
}

TEST(SealedTransaction, ExpectationsBecomePreconditionsOnce) {
  World world;
  auto tx = world.begin();
  must(tx->write(named("a/", "b"), "1", Expect::absent()));
  must(tx->write(named("a/", "b"), "2", Expect::absent()));
  must(tx->write(named("a/", "c"), "1", Expect::unchanged(7)));
  must(tx->write(named("a/", "d"), "1", Expect::anything()));
  tx->erase(named("a/", "e"), Expect::unchanged(8));
  const store::Transaction taken = tx->take();
  EXPECT_EQ(taken.preconditions.size(), 3U);
  EXPECT_EQ(taken.writes.size(), 4U);
}

TEST(SealedTransaction, TheLoserOfTwoWritersIsntCommitted) {
  World world;
  auto first = world.begin();
  auto second = world.begin();
  must(first->write(named("a/", "b"), "first", Expect::absent()));
  must(second->write(named("a/", "b"), "second", Expect::absent()));
  EXPECT_EQ(world.commit(first->take()), store::CommitOutcome::committed);
  EXPECT_EQ(world.commit(second->take()), store::CommitOutcome::precondition_failed);
  auto eraser = world.begin();
  eraser->erase(named("a/", "b"), Expect::unchanged(1'000'000));
  EXPECT_EQ(world.commit(eraser->take()), store::CommitOutcome::precondition_failed);
  EXPECT_EQ(read(*world.begin(), named("a/", "b")), "first");
}

TEST(SealedTransaction, TakeLeavesItEmpty) {
  World world;
  auto tx = world.begin();
  must(tx->write(named("a/", "b"), "1", Expect::absent()));
  EXPECT_FALSE(tx->take().empty());
  const store::Transaction again = tx->take();
  EXPECT_TRUE(again.empty());
  EXPECT_TRUE(again.preconditions.empty());
  EXPECT_EQ(read(*tx, named("a/", "b")), "(none)");
}

TEST(SealedTransaction, ListsTheRowsDirectlyUnderAParentInOrder) {
  World world;
  for (const char* name : {"c", "a", "B", "b/", ""}) world.put(named("x/", name), "1");
  world.put(named("x/b/", "deeper"), "1");
  world.put(named("", "x/"), "1");
  world.put({{id(3), 2}, "x/", "other table"}, "1");
  world.put({{id(4), 1}, "x/", "other mount"}, "1");
  EXPECT_EQ(listing(*world.begin(), "x/"), "=1 B=1 a=1 b/=1 c=1 ");
  EXPECT_EQ(listing(*world.begin(), ""), "x/=1 ");
  EXPECT_EQ(listing(*world.begin(), "y/"), "");
}

TEST(SealedTransaction, ListsWhatIsStagedOverWhatIsStored) {
  World world;
  for (const char* name : {"a", "b", "c"}) world.put(named("x/", name), "old");
  auto tx = world.begin();
  must(tx->write(named("x/", "b"), "new", Expect::anything()));
  must(tx->write(named("x/", "aa"), "new", Expect::anything()));
  must(tx->write(named("y/", "elsewhere"), "new", Expect::anything()));
  tx->erase(named("x/", "c"), Expect::anything());
  tx->erase(named("x/", "never was"), Expect::anything());
  EXPECT_EQ(listing(*tx, "x/"), "a=old aa=new b=new ");
}

TEST(SealedTransaction, EveryTwoRowsSwappedAreCorrupt) {
  World world;
  const RowName rows[] = {named("a/", "b"),
                          named("a/", "c"),
                          named("", "b"),
                          {{id(3), 2}, "a/", "b"},
                          {{id(4), 1}, "a/", "b"}};
  for (const RowName& row : rows) world.put(row, "same");
  const auto raw = world.raw_rows();
  for (const auto& [to, own] : raw) {
    for (const auto& [from, foreign] : raw) {
      if (to.size() != 32 || from == to) continue;  // the keyring's and the counter's rows
      world.overwrite(to, foreign);
      int corrupt = 0;
      for (const RowName& row : rows) {
        const auto found = world.begin()->read(row);
        if (!found.ok() && found.error().code == ErrorCode::corrupt) ++corrupt;
      }
      EXPECT_EQ(corrupt, 1);
    }
    world.overwrite(to, own);
  }
}

TEST(SealedTransaction, AListingWithADamagedRowIsCorrupt) {
  World world;
  world.put(named("a/", "b"), "1");
  world.put(named("a/", "c"), "1");
  auto raw = world.raw_rows();
  for (auto& [key, value] : raw) {
    if (key.size() != 32) continue;
    std::string damaged = value;
    damaged.back() = static_cast<char>(damaged.back() ^ 1);
    world.overwrite(key, damaged);
    EXPECT_EQ(code_of(world.begin()->list(kSpace, "a/")), ErrorCode::corrupt);
    world.overwrite(key, value);
  }
  EXPECT_EQ(listing(*world.begin(), "a/"), "b=1 c=1 ");
}

TEST(SealedTransaction, RowsOfAnotherVaultAreCorrupt) {
  World world;
  World other(CacheConfig{}, id(2));
  world.put(named("a/", "b"), "1");
  other.put(named("a/", "b"), "1");
  std::string foreign;
  for (const auto& [key, value] : other.raw_rows()) {
    if (key.size() == 32) foreign = value;
  }
  for (const auto& [key, value] : world.raw_rows()) {
    if (key.size() == 32) world.overwrite(key, foreign);
  }
  EXPECT_EQ(code_of(world.begin()->read(named("a/", "b"))), ErrorCode::corrupt);
}

TEST(SealedTransaction, GivesTheStoresErrorsBack) {
  World world;
  world.put(named("a/", "b"), "1");
  for (const ErrorCode code : {ErrorCode::conflict, ErrorCode::unavailable}) {
    world.store.fail_get = make_error(code, "of the store");
    EXPECT_EQ(code_of(world.begin()->read(named("a/", "b"))), code);
    world.store.fail_get = make_error(code, "of the store");
    EXPECT_EQ(code_of(world.begin()->list(kSpace, "a/")), code);
    world.store.fail_get = make_error(code, "of the store");
    EXPECT_EQ(code_of(world.get_secret(named("a/", "b"), {})), code);
  }
}

TEST(SealedTransaction, ShowsTheStoreNoNameAndNoValue) {
  World world;
  world.put(named("look-for-parent/", "look-for-name"), "look-for-value");
  world.put_secret(named("look-for-parent/", "look-for-secret"), {id(3), "look-for-path", 1},
                   "look-for-content");
  for (const auto& [key, value] : world.raw_rows()) {
    EXPECT_EQ((key + value).find("look-for"), std::string::npos);
  }
}

}  // namespace
}  // namespace coffer::envelope
