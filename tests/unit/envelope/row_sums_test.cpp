#include "coffer/envelope/row_sums.h"

#include <thread>

#include "world.h"

namespace coffer::envelope {
namespace {

constexpr std::uint16_t kRules = 3;
constexpr std::uint16_t kData = 20;

const std::vector<RowGroup>& authority() {
  static const std::vector<RowGroup> groups{{{{}, kRules}, ""}, {{{}, kRules}, "epoch/"}};
  return groups;
}

RowName rule(const std::string& name) { return {{{}, kRules}, "", name}; }
RowName data(const std::string& name) { return {{id(7), kData}, "a/", name}; }

/// A vault whose store is kept account of.
struct Summed {
  World world;
  std::shared_ptr<RowSums> sums;

  Summed() {
    sums = must(RowSums::take_stock(*world.keyring, world.store, authority()));
    world.store.keep(sums);
    world.put(rule("r"), "one");
    world.put(data("d"), "one");
  }
  Result<std::shared_ptr<RowSums>> load() {
    return RowSums::load(*world.keyring, world.store, authority());
  }
  Result<void> check_all() {
    return sums->check_all([] { return true; });
  }
  /// As someone would who can write the disk: nobody enters it.
  void tamper(const store::Key& key, std::optional<std::string> value) {
    world.store.keep(nullptr);
    world.overwrite(key, std::move(value));
    world.store.keep(sums);
  }
  std::string raw(const store::Key& key) {
    return must(must(world.store.snapshot())->get(key))->value;
  }
  store::Key key_of(const RowName& row) { return must(world.begin()->place(row)); }
};

void expect_corrupt(const Result<void>& checked, std::string_view text) {
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.error().code, ErrorCode::corrupt);
  EXPECT_NE(checked.error().text.find(text), std::string::npos) << checked.error().text;
}

TEST(RowSums, AgreeWithTheRowsWhateverIsDone) {
  Summed vault;
  for (int i = 0; i < 50; ++i) {
    vault.world.put(rule(std::to_string(i % 7)), std::string(static_cast<std::size_t>(i), 'v'));
    vault.world.put_secret({{id(7), 21}, "", std::to_string(i % 5)}, {id(7), "p", 1}, "secret");
    if (i % 3 == 0) {
      auto tx = vault.world.begin();
      tx->erase(rule(std::to_string(i % 7)), Expect::anything());
      vault.world.commit(*tx);
    }
  }
  must(vault.sums->check_authority());
  must(vault.check_all());
  const auto again = must(vault.load());
  EXPECT_EQ(must(again->state()), must(vault.sums->state()));
  must(again->check_authority());
  // Counted afresh they come to the same.
  vault.world.store.keep(nullptr);
  const auto stock =
      must(RowSums::take_stock(*vault.world.keyring, vault.world.store, authority()));
  must(stock->check_authority());
  must(stock->check_all([] { return true; }));
}

TEST(RowSums, EachCommitHasAStateOfItsOwn) {
  Summed vault;
  const StoreState before = must(vault.sums->state());
  EXPECT_EQ(before.sequence, vault.world.store.sequence());
  vault.world.put(data("d"), "two");
  const StoreState after = must(vault.sums->state());
  EXPECT_EQ(after.sequence, before.sequence + 1);
  EXPECT_NE(after.commitment, before.commitment);
  // Back to the same value: another version, so another row.
  vault.world.put(data("d"), "one");
  EXPECT_NE(must(vault.sums->state()).commitment, before.commitment);
}

TEST(RowSums, KnowsWhichCommitsChangeAuthority) {
  Summed vault;
  const auto before = vault.sums->authority_changes();
  vault.world.put(data("x"), "1");
  EXPECT_EQ(vault.sums->authority_changes(), before);
  vault.world.put(rule("x"), "1");
  EXPECT_EQ(vault.sums->authority_changes(), before + 1);
}

TEST(RowSums, AnOlderRowOfAuthorityThatIsPutBackIsFound) {
  Summed vault;
  const store::Key key = vault.key_of(rule("r"));
  const std::string older = vault.raw(key);
  vault.world.put(rule("r"), "two");
  vault.tamper(key, older);
  expect_corrupt(vault.sums->check_authority(), "who may do what");
  expect_corrupt(vault.check_all(), "changed, put back or taken away");
}

TEST(RowSums, ARowThatWasTakenAwayIsFound) {
  Summed vault;
  vault.tamper(vault.key_of(data("d")), std::nullopt);
  must(vault.sums->check_authority());
  expect_corrupt(vault.check_all(), "taken away");
}

TEST(RowSums, ARowThatCameBackAfterItsErasureIsFound) {
  Summed vault;
  const store::Key key = vault.key_of(rule("r"));
  const std::string erased = vault.raw(key);
  auto tx = vault.world.begin();
  tx->erase(rule("r"), Expect::anything());
  vault.world.commit(*tx);
  vault.tamper(key, erased);
  expect_corrupt(vault.sums->check_authority(), "who may do what");
}

TEST(RowSums, TheKeyringAndTheCountOfWrapsAreOfAuthority) {
  for (const char* key : {"coffer/keyring", "coffer/wraps/00000001"}) {
    Summed vault;
    if (!must(must(vault.world.store.snapshot())->get(key))) {
      // This world keeps its keyring outside of the store.
      vault.world.overwrite(key, "first");
    }
    const std::string older = vault.raw(key);
    vault.world.overwrite(key, "newer");
    vault.tamper(key, older);
    expect_corrupt(vault.sums->check_authority(), "who may do what");
  }
}

TEST(RowSums, ACommitThatNobodyEnteredIsFoundAtTheNextLoad) {
  Summed vault;
  vault.tamper("anything", "x");
  const auto loaded = vault.load();
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, ErrorCode::corrupt);
  EXPECT_NE(loaded.error().text.find("another commit"), std::string::npos);
}

TEST(RowSums, OlderSumsThatArePutBackAreFound) {
  Summed vault;
  const std::string older = vault.raw(row_sums_row_key());
  vault.world.put(data("d"), "two");
  vault.tamper(row_sums_row_key(), older);
  EXPECT_EQ(vault.load().error().code, ErrorCode::corrupt);
  expect_corrupt(vault.check_all(), "another commit");
}

TEST(RowSums, AnyByteOfThemThatWasChangedIsFound) {
  Summed vault;
  const std::string good = vault.raw(row_sums_row_key());
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(static_cast<std::uint8_t>(bad[i]) ^ 0x20U);
    vault.tamper(row_sums_row_key(), bad);
    EXPECT_FALSE(vault.load().ok()) << i;
  }
}

TEST(RowSums, AStoreWithoutThemIsToldApart) {
  World world;
  const auto loaded = RowSums::load(*world.keyring, world.store, authority());
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, ErrorCode::not_found);
}

TEST(RowSums, AnotherVaultsAreNotTaken) {
  Summed vault;
  const World other({}, id(2));
  const auto loaded = RowSums::load(*other.keyring, vault.world.store, authority());
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, ErrorCode::corrupt);
}

TEST(RowSums, ACommitThatFailsChangesNothing) {
  Summed vault;
  const StoreState before = must(vault.sums->state());
  vault.world.store.fail_commit = make_error(ErrorCode::unavailable, "disk full");
  auto tx = vault.world.begin();
  must(tx->write(data("d"), "never", Expect::anything()));
  const store::Transaction all[] = {tx->take()};
  EXPECT_FALSE(vault.world.store.commit(all).ok());
  vault.world.store.fail_commit.reset();
  EXPECT_EQ(must(vault.sums->state()), before);
  vault.world.put(data("d"), "two");
  must(vault.check_all());
}

/// The vault is sealed, and its last anchor is still to be written.
TEST(RowSums, OnceStoppedTheyLetNothingPassAndSayWhatThereIs) {
  Summed vault;
  const StoreState before = must(vault.sums->state());
  vault.sums->stop();
  auto tx = vault.world.begin();
  must(tx->write(data("d"), "late", Expect::anything()));
  const store::Transaction all[] = {tx->take()};
  EXPECT_EQ(vault.world.store.commit(all).error().code, ErrorCode::unavailable);
  EXPECT_EQ(must(vault.sums->state()), before);
}

TEST(RowSums, OnceClosedTheyLetNothingPass) {
  Summed vault;
  vault.sums->close();
  auto tx = vault.world.begin();
  must(tx->write(data("d"), "late", Expect::anything()));
  const store::Transaction all[] = {tx->take()};
  const auto committed = vault.world.store.commit(all);
  ASSERT_FALSE(committed.ok());
  EXPECT_EQ(committed.error().code, ErrorCode::unavailable);
  EXPECT_EQ(vault.sums->state().error().code, ErrorCode::unavailable);
  // The next unseal goes on where this one ended.
  vault.sums = must(vault.load());
  vault.world.store.keep(vault.sums);
  vault.world.put(data("d"), "two");
  must(vault.check_all());
}

TEST(RowSums, TheMarkOfARestoreIsNobodysBusiness) {
  Summed vault;
  vault.world.overwrite("coffer/restored", "mark");
  vault.world.store.keep(nullptr);
  must(vault.check_all());
}

TEST(RowSums, TheCheckOfAllRowsCanBeEnded) {
  Summed vault;
  for (int i = 0; i < 1100; ++i) vault.world.put(data(std::to_string(i)), "v");
  const auto checked = vault.sums->check_all([] { return false; });
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.error().code, ErrorCode::unavailable);
}

TEST(RowSums, AllRowsAreCheckedBesideWriters) {
  Summed vault;
  for (int i = 0; i < 200; ++i) vault.world.put(data(std::to_string(i)), "v");
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) vault.world.put(data(std::to_string(i % 300)), std::to_string(i));
  });
  for (int i = 0; i < 50; ++i) {
    const auto checked = vault.check_all();
    EXPECT_TRUE(checked.ok()) << describe(checked.error());
  }
  stop = true;
  writer.join();
}

/// Whoever has the disk sees sums come and go; he must not learn one.
TEST(RowSums, AreSealedAndNeverTheSameTwice) {
  Summed vault;
  const std::string one = vault.raw(row_sums_row_key());
  vault.world.put(data("d"), "two");
  const std::string two = vault.raw(row_sums_row_key());
  EXPECT_EQ(one.substr(0, 4), "CFRW");
  EXPECT_EQ(one.size(), two.size());
  EXPECT_NE(one.substr(40), two.substr(40));
}

}  // namespace
}  // namespace coffer::envelope
