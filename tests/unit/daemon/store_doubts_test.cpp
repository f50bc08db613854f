// Is the store the one that the vault left? By its sums, and by what the log says.
#include "../../../src/daemon/store_doubts.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "coffer/audit/anchor_line.h"
#include "coffer/core/authority.h"
#include "fakes/fake_token.h"

namespace coffer::daemon {
namespace {

template <typename T>
T must(Result<T> result) {
  EXPECT_TRUE(result.ok()) << describe(result.error());
  return *std::move(result);
}

struct Kept {
  fakes::FakeToken token;
  Uuid id{{1, 2, 3}};
  std::unique_ptr<store::Store> store = store::open_memory_store(id);
  std::unique_ptr<envelope::Keyring> keyring = must(envelope::Keyring::create(token, id));
  std::shared_ptr<envelope::RowSums> sums =
      must(envelope::RowSums::take_stock(*keyring, *store, core::authority_rows()));

  Kept() { store->keep(sums); }
  void put(const std::string& key, const std::string& value) {
    store::Transaction transaction;
    transaction.writes.push_back({key, value});
    const store::Transaction all[] = {std::move(transaction)};
    EXPECT_TRUE(store->commit(all).ok());
  }
  audit::StoreLine line() { return as_line(must(sums->state())); }
  Result<std::shared_ptr<envelope::RowSums>> ask(const std::optional<audit::StoreLine>& logged,
                                                 bool restored = false) {
    return sums_of(*keyring, *store, logged, restored);
  }
};

void expect_refused(const Result<std::shared_ptr<envelope::RowSums>>& asked,
                    std::string_view text) {
  ASSERT_FALSE(asked.ok());
  EXPECT_EQ(asked.error().code, ErrorCode::precondition);
  EXPECT_NE(asked.error().text.find(text), std::string::npos) << asked.error().text;
  EXPECT_NE(asked.error().text.find("accept-restore"), std::string::npos);
}

TEST(StoreDoubts, AStoreThatAgreesWithItsLogIsTaken) {
  Kept vault;
  vault.put("a", "1");
  EXPECT_NE(must(vault.ask(vault.line())), nullptr);
  EXPECT_NE(must(vault.ask(std::nullopt)), nullptr);
}

TEST(StoreDoubts, AStoreAheadOfItsLogIsTaken) {
  Kept vault;
  const auto before = vault.line();
  vault.put("a", "1");  // and then the daemon was killed
  EXPECT_NE(must(vault.ask(before)), nullptr);
}

TEST(StoreDoubts, AStoreBehindItsLogIsRefused) {
  Kept vault;
  audit::StoreLine later = vault.line();
  ++later.sequence;
  expect_refused(vault.ask(later), "older than its audit log: it stands at commit 1, and the log");
}

TEST(StoreDoubts, AnotherStoreAtTheSameCommitIsRefused) {
  Kept vault;
  audit::StoreLine other = vault.line();
  other.commitment[0] = other.commitment[0] == '0' ? '1' : '0';
  expect_refused(vault.ask(other), "isn't the one that the audit log knows at commit 1");
}

TEST(StoreDoubts, ARestoredStoreMayBeOlder) {
  Kept vault;
  audit::StoreLine later = vault.line();
  later.sequence += 10;
  EXPECT_NE(must(vault.ask(later, true)), nullptr);
}

TEST(StoreDoubts, ARestoredStoresRowsMustBeRightAllTheSame) {
  Kept vault;
  vault.put("a", "1");
  vault.store->keep(nullptr);
  vault.put("a", "2");
  expect_refused(vault.ask(vault.line(), true), "its sums are of another commit");
}

TEST(StoreDoubts, SumsAreMissedWhereTheLogKnowsOfThem) {
  fakes::FakeToken token;
  const Uuid id{{1}};
  const auto store = store::open_memory_store(id);
  const auto keyring = must(envelope::Keyring::create(token, id));
  expect_refused(sums_of(*keyring, *store, audit::StoreLine{7, "ab"}, false),
                 "lost its row sums: the audit log knows of commit 7");
  expect_refused(sums_of(*keyring, *store, audit::StoreLine{7, "ab"}, true), "lost its row sums");
  // A vault from before there were any.
  EXPECT_EQ(must(sums_of(*keyring, *store, std::nullopt, false)), nullptr);
}

/// A vault, and the anchor that it has on its token.
struct Anchored : Kept {
  envelope::AnchorsFound anchors;
  std::string log = "/nonexistent";

  Anchored() {
    put("a", "1");
    anchors.newest = {.node = id, .counter = 1, .store = must(sums->state())};
  }
  Result<void> compare() {
    return compare_with_anchor(must(sums->state()), store->node(), {log}, anchors);
  }
};

void expect_refused(const Result<void>& asked, std::string_view text) {
  ASSERT_FALSE(asked.ok());
  EXPECT_EQ(asked.error().code, ErrorCode::precondition);
  EXPECT_NE(asked.error().text.find(text), std::string::npos) << asked.error().text;
  EXPECT_NE(asked.error().text.find("accept-restore"), std::string::npos);
}

TEST(AnchorDoubts, AStoreAtItsAnchorOrAheadOfItIsTaken) {
  Anchored vault;
  EXPECT_TRUE(vault.compare().ok());
  vault.put("a", "2");
  EXPECT_TRUE(vault.compare().ok());
}

TEST(AnchorDoubts, ATokenWithoutAnchorsDoubtsNothing) {
  Anchored vault;
  vault.anchors = {};
  EXPECT_TRUE(vault.compare().ok());
}

TEST(AnchorDoubts, SumsAreMissedWhereTheTokenKnowsOfThem) {
  const Anchored vault;
  EXPECT_TRUE(refuse_lost_sums({}).ok());
  expect_refused(refuse_lost_sums(vault.anchors), "the token's anchor knows of commit ");
}

TEST(AnchorDoubts, AStoreBehindItsAnchorIsRefused) {
  Anchored vault;
  vault.anchors.newest->store.sequence += 3;
  expect_refused(vault.compare(),
                 "older than the token's anchor: it stands at commit 2, and the "
                 "anchor knows of commit 5");
}

TEST(AnchorDoubts, AnotherStoreAtTheSameCommitIsRefused) {
  Anchored vault;
  vault.anchors.newest->store.commitment[0] ^= 1U;
  expect_refused(vault.compare(), "isn't the one that the token knows at commit 2");
}

TEST(AnchorDoubts, AnotherNodesStoreIsRefused) {
  Anchored vault;
  vault.anchors.newest->node = Uuid{{7}};
  expect_refused(vault.compare(), "another store: node 07000000-");
}

TEST(AnchorDoubts, AnchorsOfWhichNoneCanBeReadAreRefused) {
  Anchored vault;
  vault.anchors.damaged = 1;
  EXPECT_TRUE(vault.compare().ok());
  vault.anchors.newest.reset();
  expect_refused(vault.compare(), "can't be read");
}

TEST(LogDoubts, AStoreAheadByWhatAKillLeavesOutIsNone) {
  EXPECT_FALSE(doubt_of_account(0, std::nullopt));
  EXPECT_FALSE(doubt_of_account(64, std::nullopt));
  EXPECT_FALSE(doubt_of_account(100, audit::StoreLine{100, ""}));
  EXPECT_FALSE(doubt_of_account(164, audit::StoreLine{100, ""}));
  EXPECT_FALSE(doubt_of_account(7, audit::StoreLine{100, ""})) << "that is an older store";
}

TEST(LogDoubts, AStoreFarAheadIsOne) {
  EXPECT_EQ(doubt_of_account(165, audit::StoreLine{100, ""}),
            "the store stands at commit 165, and the audit log knows of commit 100: its end is "
            "missing");
  EXPECT_EQ(doubt_of_account(65, std::nullopt),
            "the store stands at commit 65, and the audit log knows of none: its end is missing");
}

TEST(TokenDoubts, ATokenThatHoldsWhatItWasGivenOrMoreIsNone) {
  const envelope::Anchor given{.counter = 7};
  envelope::Anchor later = given;
  later.counter = 8;
  EXPECT_FALSE(doubt_of_token(given, std::nullopt));
  EXPECT_FALSE(doubt_of_token(std::nullopt, std::nullopt));
  EXPECT_FALSE(doubt_of_token(given, given));
  EXPECT_FALSE(doubt_of_token(later, given)) << "killed before the log was told";
}

TEST(TokenDoubts, ATokenThatHoldsLessIsOne) {
  envelope::Anchor given{.counter = 7};
  given.store.sequence = 31;
  envelope::Anchor earlier = given;
  earlier.counter = 5;
  earlier.store.sequence = 29;
  EXPECT_EQ(doubt_of_token(earlier, given),
            "the token holds anchor number 5, of commit 29, and the audit log tells that it was "
            "given number 7, of commit 31");
  EXPECT_EQ(doubt_of_token(std::nullopt, given),
            "the token holds no anchor, and the audit log tells that it was given number 7, of "
            "commit 31");
  envelope::Anchor other = given;
  other.incarnation = Uuid{{9}};
  EXPECT_TRUE(doubt_of_token(other, given));
}

TEST(TokenDoubts, TheLogTellsOfThisTokensAnchorsAlone) {
  Kept vault;
  Kept other;
  std::string directory = ::testing::TempDir() + "coffer-told-XXXXXX";
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  const auto log =
      must(audit::open_log({.directory = directory, .node = vault.id}, system_clock()));
  const auto tell = [&](Kept& from, std::uint64_t number) {
    const Bytes object = must(envelope::sign_anchor({.counter = number}, *from.keyring));
    const audit::Line lines[] = {
        audit::anchor_line({.number = number, .object = to_base64(object)}, {})};
    EXPECT_TRUE(log->append(lines, true).ok());
  };
  EXPECT_FALSE(must(anchor_told_of(directory, *vault.keyring)));
  tell(vault, 3);
  tell(vault, 4);
  tell(other, 90);
  const auto told = must(anchor_told_of(directory, *vault.keyring));
  ASSERT_TRUE(told);
  EXPECT_EQ(told->counter, 4U);
  std::filesystem::remove_all(directory);
}

TEST(AnchorDoubts, ALogThatIsGoneIsRefused) {
  Anchored vault;
  vault.log = ::testing::TempDir();  // no segment in it
  vault.anchors.newest->log_lines = 12;
  expect_refused(vault.compare(),
                 "the audit log is older than the token's anchor, which knows of 12");
}

TEST(AnchorDoubts, ALogWithOtherLinesIsRefused) {
  Anchored vault;
  std::string directory = ::testing::TempDir() + "coffer-doubts-XXXXXX";
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  vault.log = directory;
  {
    const auto log =
        must(audit::open_log({.directory = directory, .node = vault.id}, system_clock()));
    const audit::SyncedTree tree = must(log->synced_tree());
    ASSERT_EQ(tree.size, 1U);
    vault.anchors.newest->log_lines = tree.size;
    vault.anchors.newest->log_root = tree.root;
  }
  EXPECT_TRUE(vault.compare().ok());
  vault.anchors.newest->log_root[0] ^= 1U;
  expect_refused(vault.compare(), "isn't the one of which the token knows the first 1 lines");
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace coffer::daemon
