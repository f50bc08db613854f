// More than one token: each opens everything alone, none has to be there for a write, and one that
// isn't enrolled, or only says that it is, gets nothing.
#include "../../../src/ceremony/enrolment.h"
#include "../../../src/envelope/record.h"
#include "world.h"

namespace coffer::envelope {
namespace {

using fakes::FakeToken;
using Method = FakeToken::Method;

const WallTime kNow{std::chrono::hours(1000)};
const RowName kRow{{id(2), 3}, "a/", "1"};
const SecretContext kContext{id(2), "a", 1};

struct TwoTokens : World {
  FakeToken second{FakeToken::Options{.serial = "fake-0002", .label = "safe", .rsa = 0}};

  TwoTokens() : World({.entries = 0}) {
    overwrite(keyring_row_key(), std::string(as_text(must(keyring->store()))));
    open({.entries = 0});
    pinned = to_bytes(keyring->public_key());
    enrolment = must(ceremony::make_enrolment(second, id(1)));
  }
  KeyChanges& changes() { return sealed->key_changes(); }
  std::string stored(const store::Key& key) {
    const auto row = must(must(store.snapshot())->get(key));
    return row ? row->value : std::string();
  }
  Result<std::unique_ptr<Keyring>> open_with(FakeToken& by) {
    return Keyring::open(by, as_bytes(stored(keyring_row_key())), pinned,
                         as_bytes(stored(announcements_row_key())));
  }
  /// As after a start with this token.
  void start_with(FakeToken& by) {
    sealed.reset();
    keyring = must(open_with(by));
    sealed = must(open_sealed_store(*keyring, by, store, {.entries = 0}, clock));
    must(changes().take_over(kNow));
    pinned = to_bytes(keyring->public_key());
  }
  RewrapStep rewrap() {
    auto tx = begin();
    const RewrapStep done = must(sealed->rewrap(*tx, {}, {.rows = 1000, .rewraps = 1000}));
    commit(*tx);
    return done;
  }
  std::size_t recipients() {
    const std::string value = stored(must(begin()->place(kRow)));
    return must(parse_record(as_bytes(value))).recipients.size();
  }
  Bytes pinned;
  Enrolment enrolment;
};

TEST(SecondToken, OpensWhatIsWrittenAfterItsEnrolmentWithoutHavingBeenThere) {
  TwoTokens world;
  must(world.changes().enrol(world.enrolment, kNow));
  world.second.pull();
  world.put_secret(kRow, kContext, "for both");
  EXPECT_EQ(world.recipients(), 2U);
  EXPECT_EQ(must(world.get_secret(kRow, kContext)), "for both");
  world.second.insert();
  world.token.pull();
  world.start_with(world.second);
  EXPECT_EQ(world.keyring->token().serial, "fake-0002");
  EXPECT_EQ(must(world.get_secret(kRow, kContext)), "for both");
  world.put_secret(kRow, kContext, "of the second");
  EXPECT_EQ(must(world.get_secret(kRow, kContext)), "of the second");
}

TEST(SecondToken, OldRecordsAreCompleted) {
  TwoTokens world;
  world.put_secret(kRow, kContext, "old");
  must(world.changes().enrol(world.enrolment, kNow));
  EXPECT_EQ(world.recipients(), 1U);
  EXPECT_EQ(world.rewrap().rewrapped, 1U);
  EXPECT_EQ(world.recipients(), 2U);
  EXPECT_EQ(world.rewrap().stale, 0U);
  world.token.pull();
  world.start_with(world.second);
  EXPECT_EQ(must(world.get_secret(kRow, kContext)), "old");
}

TEST(SecondToken, SignsFromThenOnAndTheFirstPinLeadsToIt) {
  TwoTokens world;
  const Bytes first = world.pinned;
  must(world.changes().enrol(world.enrolment, kNow));
  const std::string by_first = world.stored(keyring_row_key());
  world.start_with(world.second);
  EXPECT_TRUE(world.keyring->signed_by_ours());
  EXPECT_NE(world.pinned, first);
  world.pinned = first;
  EXPECT_TRUE(world.open_with(world.second).ok());
  // And back: the second told of the first.
  world.pinned = world.keyring->token().sign_public_key;
  world.start_with(world.token);
  EXPECT_EQ(world.pinned, first);
  EXPECT_TRUE(world.open_with(world.second).ok());
}

/// The aes-gcm kek has no public half: what it missed is never completed, and says where it opens.
TEST(SecondToken, WhatAnAesTokenMissedIsForTheOtherAndIsntCalledDamaged) {
  TwoTokens world;
  must(world.changes().enrol(world.enrolment, kNow));
  world.start_with(world.second);
  world.put_secret(kRow, kContext, "meanwhile");
  EXPECT_EQ(world.recipients(), 1U);
  EXPECT_EQ(world.rewrap().stale, 0U) << "nothing can be done for it now";
  world.start_with(world.token);
  const auto missed = world.get_secret(kRow, kContext);
  ASSERT_EQ(code_of(missed), ErrorCode::unavailable);
  EXPECT_NE(missed.error().text.find("another of the vault's tokens"), std::string::npos);
  EXPECT_EQ(world.rewrap().elsewhere, 1U) << "nor here, without the second";
  world.start_with(world.second);
  EXPECT_EQ(must(world.get_secret(kRow, kContext)), "meanwhile");
}

TEST(SecondToken, ARotationOfTheFirstWrapsToBoth) {
  TwoTokens world;
  must(world.changes().enrol(world.enrolment, kNow));
  world.put_secret(kRow, kContext, "x");
  must(world.changes().rotate_kek(kNow));
  EXPECT_EQ(world.rewrap().rewrapped, 1U);
  EXPECT_EQ(world.recipients(), 2U);
  world.token.pull();
  world.start_with(world.second);
  EXPECT_EQ(must(world.get_secret(kRow, kContext)), "x");
  EXPECT_EQ(must(world.changes().rotate_kek(kNow)), 2U);
  EXPECT_EQ(world.rewrap().rewrapped, 1U);
  EXPECT_EQ(must(world.get_secret(kRow, kContext)), "x");
}

TEST(SecondToken, ARetiredOneIsWrappedToNoMore) {
  TwoTokens world;
  const Uuid token = must(world.changes().enrol(world.enrolment, kNow));
  world.put_secret(kRow, kContext, "x");
  EXPECT_EQ(code_of(world.changes().retire_token(world.keyring->token().id, kNow)),
            ErrorCode::precondition);
  EXPECT_EQ(code_of(world.changes().retire_token(id(77), kNow)), ErrorCode::not_found);
  must(world.changes().retire_token(token, kNow));
  EXPECT_EQ(world.rewrap().rewrapped, 1U);
  EXPECT_EQ(world.recipients(), 1U);
  EXPECT_EQ(code_of(world.open_with(world.second)), ErrorCode::precondition);
  // It can be enrolled again.
  must(world.changes().enrol(world.enrolment, kNow));
}

TEST(SecondToken, IsntEnrolledTwice) {
  TwoTokens world;
  must(world.changes().enrol(world.enrolment, kNow));
  EXPECT_EQ(code_of(world.changes().enrol(world.enrolment, kNow)), ErrorCode::precondition);
}

TEST(SecondToken, AnyChangedFieldOfAnEnrolmentIsRefused) {
  TwoTokens world;
  const auto refused = [&](const std::function<void(Enrolment&)>& change) {
    Enrolment changed = world.enrolment;
    change(changed);
    EXPECT_EQ(code_of(world.changes().enrol(changed, kNow)), ErrorCode::invalid_argument);
  };
  refused([](Enrolment& e) { e.vault = id(2); });
  refused([](Enrolment& e) { e.serial += "x"; });
  refused([](Enrolment& e) { e.serial.clear(); });
  refused([](Enrolment& e) { e.serial.assign(65, 'x'); });
  refused([](Enrolment& e) { e.label += "x"; });
  refused([](Enrolment& e) { e.algorithm = pkcs11::kWrapRsaOaepSha1; });
  refused([](Enrolment& e) { e.algorithm = pkcs11::kWrapAesGcm; });
  refused([](Enrolment& e) { e.kek_public_key.back() ^= 2U; });
  refused([](Enrolment& e) { e.kek_public_key = e.sign_public_key; });
  refused([](Enrolment& e) { e.sign_public_key.back() ^= 1U; });
  for (std::size_t at = 0; at < world.enrolment.signature.size(); ++at) {
    refused([&](Enrolment& e) { e.signature[at] ^= 1U; });
  }
  FakeToken third(FakeToken::Options{.serial = "fake-0002", .rsa = 1});
  const Enrolment other = must(ceremony::make_enrolment(third, id(1)));
  refused([&](Enrolment& e) { e.kek_public_key = other.kek_public_key; });
  refused([&](Enrolment& e) { e.sign_public_key = other.sign_public_key; });
  must(world.changes().enrol(world.enrolment, kNow));
}

TEST(SecondToken, OneThatOnlySaysThatItIsGetsNothing) {
  TwoTokens world;
  must(world.changes().enrol(world.enrolment, kNow));
  FakeToken claims(FakeToken::Options{.serial = "fake-0002", .rsa = 1});
  static_cast<void>(must(ceremony::make_enrolment(claims, id(1))));
  EXPECT_EQ(code_of(world.open_with(claims)), ErrorCode::precondition);
  EXPECT_EQ(claims.calls(Method::unwrap), 0U);
}

TEST(SecondToken, RecipientsThatWereStrippedSwappedOrExchangedAreCorrupt) {
  TwoTokens world;
  must(world.changes().enrol(world.enrolment, kNow));
  world.put_secret(kRow, kContext, "x");
  const RowName other{{id(2), 3}, "b/", "1"};
  world.put_secret(other, {id(2), "b", 1}, "y");
  const store::Key key = must(world.begin()->place(kRow));
  const std::string value = world.stored(key);
  const std::string value_of_other = world.stored(must(world.begin()->place(other)));
  const Record record = must(parse_record(as_bytes(value)));
  const Record record_of_other = must(parse_record(as_bytes(value_of_other)));
  const auto mine = record.recipients;
  const auto theirs = record_of_other.recipients;
  Recipient renumbered = mine[0];
  renumbered.kek_version = 2;
  Recipient renamed = mine[0];
  renamed.token = mine[1].token;
  const Bytes wrong_bind(32, 7);
  for (const std::vector<Recipient>& changed :
       std::vector<std::vector<Recipient>>{{mine[0]},
                                           {mine[1]},
                                           {mine[1], mine[0]},
                                           {theirs[0], mine[1]},
                                           {mine[0], theirs[1]},
                                           {renumbered, mine[1]},
                                           {renamed, mine[1]},
                                           {mine[0], mine[1], mine[1]}}) {
    // As someone makes it who has no bind key: with a mac of his own, or with the old one.
    std::string made = must(with_recipients(record, changed, wrong_bind));
    world.overwrite(key, made);
    EXPECT_EQ(code_of(world.get_secret(kRow, kContext)), ErrorCode::corrupt);
    const std::size_t mac = made.size() - record.tail.size() - record.mac.size();
    made.replace(mac, record.mac.size(), as_text(record.mac));
    world.overwrite(key, made);
    EXPECT_EQ(code_of(world.get_secret(kRow, kContext)), ErrorCode::corrupt);
  }
  world.overwrite(key, value_of_other);
  EXPECT_EQ(code_of(world.get_secret(kRow, kContext)), ErrorCode::corrupt);
  world.overwrite(key, value);
  EXPECT_EQ(must(world.get_secret(kRow, kContext)), "x");
}

/// What is enrolled for one place is bound to it, though OAEP knows no additional data.
TEST(SecondToken, AWrapOfAnotherRecordDoesntOpenThisOne) {
  TwoTokens world;
  must(world.changes().enrol(world.enrolment, kNow));
  const auto bind = must(world.keyring->key(KeyName::bind, 1, Reveal{"test"}));
  world.put_secret(kRow, kContext, "x");
  const RowName other{{id(2), 3}, "b/", "1"};
  world.put_secret(other, {id(2), "b", 1}, "y");
  world.start_with(world.second);
  const store::Key key = must(world.begin()->place(kRow));
  const std::string value = world.stored(key);
  const std::string value_of_other = world.stored(must(world.begin()->place(other)));
  const Record record = must(parse_record(as_bytes(value)));
  const Record record_of_other = must(parse_record(as_bytes(value_of_other)));
  // Even by someone who has the bind key.
  const auto again = must(world.keyring->key(KeyName::bind, 1, Reveal{"test"}));
  EXPECT_EQ(again.size(), bind.size());
  world.overwrite(key, must(with_recipients(record, record_of_other.recipients, again)));
  EXPECT_EQ(code_of(world.get_secret(kRow, kContext)), ErrorCode::corrupt);
}

}  // namespace
}  // namespace coffer::envelope
