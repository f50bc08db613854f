// Changes of the keys: what they store is what opens, what was sealed before opens still, and a
// change that fails or is cut short changes nothing.
#include "../../../src/envelope/record.h"
#include "../../../src/envelope/wrap_counter.h"
#include "coffer/envelope/end_changes.h"
#include "golden.h"
#include "world.h"

namespace coffer::envelope {
namespace {

using fakes::FakeToken;
using Method = FakeToken::Method;

const RowName kRow{{id(2), 3}, "a/", "1"};
const SecretContext kContext{id(2), "a", 1};
const WallTime kNow{std::chrono::hours(1000)};

/// A world whose keyring is stored, and can be opened again.
struct StoredWorld : World {
  explicit StoredWorld(const CacheConfig& cache = {}) : World(cache) {
    overwrite(keyring_row_key(), std::string(as_text(must(keyring->store()))));
    open(cache);
    pinned = to_bytes(keyring->public_key());
  }
  KeyChanges& changes() { return sealed->key_changes(); }
  std::string stored(const store::Key& key) {
    const auto row = must(must(store.snapshot())->get(key));
    return row ? row->value : std::string();
  }
  Result<std::unique_ptr<Keyring>> open_stored(ByteView by) {
    return Keyring::open(token, as_bytes(stored(keyring_row_key())), by,
                         as_bytes(stored(announcements_row_key())));
  }
  /// As after a restart.
  void restart() {
    sealed.reset();
    keyring = must(open_stored(pinned));
    open();
  }
  std::vector<Recipient> recipients(const RowName& row = kRow) {
    value = stored(must(begin()->place(row)));
    return must(parse_record(as_bytes(value))).recipients;
  }
  Bytes pinned;
  std::string value;
};

TEST(KeyChanges, ANewKekIsUsedAtOnceAndTheOldOneOpensStill) {
  StoredWorld world({.entries = 0});
  world.put_secret(kRow, kContext, "before");
  EXPECT_EQ(must(world.changes().rotate_kek(kNow)), 2U);
  EXPECT_EQ(world.keyring->token().kek_version, 2U);
  EXPECT_EQ(world.keyring->token().kek_installed, kNow);
  EXPECT_EQ(world.keyring->token().old_keks, std::vector<std::uint32_t>{1});
  const RowName after{{id(2), 3}, "a/", "2"};
  world.put_secret(after, {id(2), "a", 2}, "after");
  EXPECT_EQ(world.recipients(kRow).front().kek_version, 1U);
  EXPECT_EQ(world.recipients(after).front().kek_version, 2U);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(must(world.get_secret(kRow, kContext)), "before");
    EXPECT_EQ(must(world.get_secret(after, {id(2), "a", 2})), "after");
    world.restart();
  }
}

TEST(KeyChanges, EachKekCountsItsOwnWraps) {
  StoredWorld world;
  for (int i = 0; i < 5; ++i) world.put_secret(kRow, kContext, "x");
  EXPECT_GE(world.sealed->wraps(), 1024U + 5U);
  must(world.changes().rotate_kek(kNow));
  const std::uint64_t fresh = world.sealed->wraps();
  EXPECT_EQ(fresh, 1024U);
  world.put_secret(kRow, kContext, "x");
  EXPECT_EQ(world.sealed->wraps(), fresh + 1);
  world.restart();
  EXPECT_GT(world.sealed->wraps(), fresh) << "what a lost block held counts as made";
  world.overwrite(wrap_counter_row_key(2), std::nullopt);
  EXPECT_EQ(code_of(open_sealed_store(*world.keyring, world.token, world.store, {}, world.clock)),
            ErrorCode::corrupt);
}

/// Its recipients are those of before; it is refused, runs again, and has those of now.
TEST(KeyChanges, AWriteThatAChangeOvertookIsntCommitted) {
  StoredWorld world;
  auto tx = world.begin();
  must(tx->seal_secret(kRow, kContext, "slow"));
  must(world.changes().rotate_kek(kNow));
  EXPECT_EQ(world.commit(tx->take()), store::CommitOutcome::precondition_failed);
  must(tx->seal_secret(kRow, kContext, "slow"));
  world.commit(*tx);
  EXPECT_EQ(world.recipients().front().kek_version, 2U);
}

TEST(KeyChanges, AWriteOfRowsAloneIsNotDisturbed) {
  StoredWorld world;
  auto tx = world.begin();
  must(tx->write(kRow, "row", Expect::anything()));
  must(world.changes().rotate_kek(kNow));
  EXPECT_EQ(world.commit(tx->take()), store::CommitOutcome::committed);
}

TEST(KeyChanges, WhateverFailsOnTheTokenTheKeysOfBeforeAreInForce) {
  const std::map<Method, std::size_t> calls = {
      {Method::generate, 1}, {Method::verify, 1}, {Method::describe_kek, 1}, {Method::wrap, 2},
      {Method::unwrap, 2},   {Method::random, 1}, {Method::sign, 1}};
  for (const auto& [method, count] : calls) {
    for (std::size_t n = 1; n <= count; ++n) {
      StoredWorld world({.entries = 0});
      world.put_secret(kRow, kContext, "kept");
      world.token.fail_nth(method, n, make_error(ErrorCode::unavailable, "as told"));
      EXPECT_EQ(code_of(world.changes().rotate_kek(kNow)), ErrorCode::unavailable);
      EXPECT_EQ(world.keyring->token().kek_version, 1U);
      world.put_secret(kRow, kContext, "kept");
      EXPECT_EQ(must(world.get_secret(kRow, kContext)), "kept");
      world.restart();
      // What was left on the token is taken up.
      EXPECT_EQ(must(world.changes().rotate_kek(kNow)), 2U);
      EXPECT_EQ(must(world.get_secret(kRow, kContext)), "kept");
    }
  }
}

TEST(KeyChanges, AKeyLeftOnTheTokenThatIsntWhatItShouldBeIsRefused) {
  StoredWorld world;
  must(world.token.generate(pkcs11::KeyRole::kek, kek_ref(id(1), 2), "planted"));
  world.token.spoil(kek_ref(id(1), 2), "CKA_EXTRACTABLE");
  const auto rotated = world.changes().rotate_kek(kNow);
  EXPECT_EQ(code_of(rotated), ErrorCode::precondition);
  EXPECT_NE(rotated.error().text.find("CKA_EXTRACTABLE"), std::string::npos);
  EXPECT_EQ(world.keyring->token().kek_version, 1U);
}

TEST(KeyChanges, ACommitThatFailsChangesNothingAndCanBeTriedAgain) {
  StoredWorld world;
  const std::string before = world.stored(keyring_row_key());
  world.store.fail_commit = make_error(ErrorCode::unavailable, "disk full");
  EXPECT_EQ(code_of(world.changes().rotate_kek(kNow)), ErrorCode::unavailable);
  world.store.fail_commit.reset();
  EXPECT_EQ(world.stored(keyring_row_key()), before);
  EXPECT_EQ(world.keyring->token().kek_version, 1U);
  EXPECT_EQ(must(world.changes().rotate_kek(kNow)), 2U);
}

TEST(KeyChanges, AKeyringThatSomeoneElseStoredIsNotOverwritten) {
  StoredWorld world;
  world.overwrite(keyring_row_key(), world.stored(keyring_row_key()));
  EXPECT_EQ(code_of(world.changes().rotate_kek(kNow)), ErrorCode::unavailable);
  EXPECT_EQ(world.keyring->token().kek_version, 1U);
}

/// As a rotation that is under way while the vault is sealed and opened again.
TEST(KeyChanges, AKeyringThatWasReadBeforeAChangeIsNotOpened) {
  StoredWorld world;
  const auto before = must(world.open_stored(world.pinned));
  must(world.changes().rotate(KeyName::record, kNow));
  EXPECT_EQ(code_of(open_sealed_store(*before, world.token, world.store, {}, world.clock)),
            ErrorCode::unavailable);
  world.restart();
  EXPECT_EQ(world.keyring->current_version(KeyName::record), 2U);
}

TEST(KeyChanges, AChangeWhileTheStoreIsOpenedIsNotOverwritten) {
  StoredWorld world;
  const auto before = must(world.open_stored(world.pinned));
  world.store.before_commit = [&world] { must(world.changes().rotate(KeyName::record, kNow)); };
  const auto opened = must(open_sealed_store(*before, world.token, world.store, {}, world.clock));
  EXPECT_EQ(code_of(opened->key_changes().rotate(KeyName::audit, kNow)), ErrorCode::unavailable);
  EXPECT_EQ(code_of(opened->key_changes().rotate_kek(kNow)), ErrorCode::unavailable);
  world.restart();
  EXPECT_EQ(world.keyring->current_version(KeyName::record), 2U);
  EXPECT_EQ(world.keyring->current_version(KeyName::audit), 1U);
}

TEST(KeyChanges, OnceEndedNoChangeIsCommitted) {
  StoredWorld world;
  const std::string before = world.stored(keyring_row_key());
  end_key_changes(*world.sealed);
  EXPECT_EQ(code_of(world.changes().rotate(KeyName::record, kNow)), ErrorCode::unavailable);
  EXPECT_EQ(code_of(world.changes().rotate_sign(kNow)), ErrorCode::unavailable);
  EXPECT_EQ(world.stored(keyring_row_key()), before);
  EXPECT_EQ(world.keyring->current_version(KeyName::record), 1U);
}

/// What an older keyring was written over: its kek was in use, and is taken up with its count.
TEST(KeyChanges, AKekWhoseRotationWasLostIsTakenUpWithItsCount) {
  StoredWorld world({.entries = 0});
  const std::string before = world.stored(keyring_row_key());
  must(world.changes().rotate_kek(kNow));
  world.put_secret(kRow, kContext, "under the lost one");
  const std::uint64_t used = world.sealed->wraps();
  world.overwrite(keyring_row_key(), before);
  world.restart();
  ASSERT_EQ(world.keyring->token().kek_version, 1U);
  EXPECT_EQ(must(world.changes().rotate_kek(kNow)), 2U);
  EXPECT_GE(world.sealed->wraps(), used);
  EXPECT_EQ(must(world.get_secret(kRow, kContext)), "under the lost one");
  EXPECT_EQ(must(world.changes().rotate_kek(kNow)), 3U);
  world.restart();
  EXPECT_EQ(world.keyring->token().old_keks, (std::vector<std::uint32_t>{1, 2}));
  EXPECT_EQ(must(world.get_secret(kRow, kContext)), "under the lost one");
}

TEST(KeyChanges, EachKeyOfTheKeyringRotatesByItself) {
  StoredWorld world({.entries = 0});
  world.put(kRow, "row");
  const RowName secret{{id(2), 4}, "a/", "1"};
  world.put_secret(secret, kContext, "secret");
  for (const KeyName name : {KeyName::record, KeyName::bind, KeyName::token_hash, KeyName::audit,
                             KeyName::fingerprint}) {
    const Bytes before = to_bytes(must(world.keyring->key(name, 1, Reveal{"test"})));
    EXPECT_EQ(must(world.changes().rotate(name, kNow)), 2U);
    EXPECT_EQ(world.keyring->current_version(name), 2U);
    EXPECT_EQ(to_bytes(must(world.keyring->key(name, 1, Reveal{"test"}))), before);
    EXPECT_NE(to_bytes(must(world.keyring->key(name, 2, Reveal{"test"}))), before);
    world.restart();
    EXPECT_EQ(world.keyring->current_version(name), 2U);
    EXPECT_EQ(must(world.begin()->read(kRow))->value, "row");
    EXPECT_EQ(must(world.get_secret(secret, kContext)), "secret");
  }
  world.put_secret(secret, kContext, "again");
  EXPECT_EQ(
      must(parse_record(as_bytes(world.stored(must(world.begin()->place(secret)))))).bind_version,
      2U);
}

/// Views that were given out before a change are good after it.
TEST(KeyChanges, WhatWasGivenOutStaysGood) {
  StoredWorld world;
  const ByteView before = must(world.keyring->key(KeyName::bind, 1, Reveal{"test"}));
  const Bytes copy = to_bytes(before);
  const EnrolledToken& token = world.keyring->token();
  for (int i = 0; i < 20; ++i) must(world.changes().rotate(KeyName::bind, kNow));
  EXPECT_EQ(to_bytes(before), copy);
  EXPECT_EQ(token.kek_version, 1U);
}

TEST(KeyChanges, NamesOfRowsDontRotate) {
  StoredWorld world;
  EXPECT_EQ(code_of(world.changes().rotate(KeyName::name, kNow)), ErrorCode::invalid_argument);
}

TEST(KeyChanges, ANewSignKeyIsToldOfByTheOneBefore) {
  StoredWorld world;
  const Bytes first = world.pinned;
  EXPECT_EQ(must(world.changes().rotate_sign(kNow)), 2U);
  EXPECT_EQ(must(world.changes().rotate_sign(kNow)), 3U);
  EXPECT_NE(to_bytes(world.keyring->public_key()), first);
  ASSERT_EQ(world.keyring->announcements().size(), 2U);
  // Whoever pinned the first, the second or the third of them opens it.
  EXPECT_TRUE(world.open_stored(first).ok());
  EXPECT_TRUE(world.open_stored(world.keyring->announcements()[0].to).ok());
  EXPECT_TRUE(world.open_stored(world.keyring->public_key()).ok());
  world.restart();
  EXPECT_EQ(world.keyring->token().sign_version, 3U);
  EXPECT_TRUE(world.keyring->signed_by_ours());
  const Bytes message = {1, 2};
  EXPECT_TRUE(
      crypto::verify_p256(world.keyring->public_key(), message, must(world.keyring->sign(message)))
          .ok());
}

TEST(KeyChanges, NoKeyringOfASignKeyThatWasReplacedIsTaken) {
  StoredWorld world;
  const std::string old = world.stored(keyring_row_key());
  must(world.changes().rotate_sign(kNow));
  // Who pins the second key isn't led back to the first.
  const Bytes second = to_bytes(world.keyring->public_key());
  EXPECT_EQ(code_of(Keyring::open(world.token, as_bytes(old), second,
                                  as_bytes(world.stored(announcements_row_key())))),
            ErrorCode::corrupt);
  // Nor are announcements of another vault of any use.
  StoredWorld other;
  must(other.changes().rotate_sign(kNow));
  EXPECT_EQ(code_of(Keyring::open(world.token, as_bytes(world.stored(keyring_row_key())),
                                  world.pinned, as_bytes(other.stored(announcements_row_key())))),
            ErrorCode::corrupt);
  EXPECT_EQ(code_of(Keyring::open(world.token, as_bytes(world.stored(keyring_row_key())),
                                  world.pinned, {})),
            ErrorCode::corrupt);
}

TEST(KeyChanges, ARetiredKekIsDestroyedAndNoOther) {
  StoredWorld world;
  must(world.changes().rotate_kek(kNow));
  must(world.changes().rotate_kek(kNow));
  EXPECT_EQ(code_of(world.changes().retire_kek(3, kNow)), ErrorCode::precondition);
  EXPECT_EQ(code_of(world.changes().retire_kek(4, kNow)), ErrorCode::precondition);
  must(world.changes().retire_kek(1, kNow));
  EXPECT_EQ(code_of(world.changes().retire_kek(1, kNow)), ErrorCode::precondition);
  EXPECT_EQ(world.keyring->token().old_keks, std::vector<std::uint32_t>{2});
  EXPECT_FALSE(world.token.verify(pkcs11::KeyRole::kek, kek_ref(id(1), 1)).ok());
  EXPECT_TRUE(world.token.verify(pkcs11::KeyRole::kek, kek_ref(id(1), 2)).ok());
  world.restart();
  EXPECT_EQ(world.keyring->token().old_keks, std::vector<std::uint32_t>{2});
  EXPECT_EQ(must(world.changes().rotate_kek(kNow)), 4U);
}

/// Cut short between the token and the store: the next try finds the key gone and ends it.
TEST(KeyChanges, ARetirementThatWasCutShortCanBeEnded) {
  StoredWorld world;
  must(world.changes().rotate_kek(kNow));
  world.store.fail_commit = make_error(ErrorCode::unavailable, "disk full");
  EXPECT_EQ(code_of(world.changes().retire_kek(1, kNow)), ErrorCode::unavailable);
  world.store.fail_commit.reset();
  world.restart();
  EXPECT_EQ(world.keyring->token().old_keks, std::vector<std::uint32_t>{1});
  must(world.changes().retire_kek(1, kNow));
  EXPECT_TRUE(world.keyring->token().old_keks.empty());
}

TEST(KeyChanges, AKeyringOfFormat1IsWrittenAsFormat2) {
  FaultyStore store;
  const ManualClock clock;
  const auto token = golden_token();
  auto keyring = golden_keyring(*token);
  const store::Transaction first[] = {
      {.preconditions = {},
       .writes = {{keyring_row_key(), std::string(as_text(golden("keyring")))}}}};
  must(store.commit(first));
  const auto sealed = must(open_sealed_store(*keyring, *token, store, {}, clock));
  EXPECT_EQ(must(sealed->key_changes().rotate(KeyName::audit, kNow)), 2U);
  const auto row = must(must(store.snapshot())->get(keyring_row_key()));
  EXPECT_EQ(row->value[4], 2);
  const auto again = must(Keyring::open(*token, as_bytes(row->value), golden("sign_public_key")));
  EXPECT_EQ(again->current_version(KeyName::audit), 2U);
  EXPECT_EQ(again->current_version(KeyName::record), 2U);
}

}  // namespace
}  // namespace coffer::envelope
