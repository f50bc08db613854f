// sys/cryptoperiods over a whole vault in memory: what is configured is kept, told of before it is
// over, shown where people look, and kept to where that is asked for.
#include "coffer/core/key_inventory.h"
#include "coffer/core/rotation.h"
#include "coffer/lifecycle/due.h"
#include "src/sys/metrics.h"
#include "sys_kit.h"

namespace coffer::sys {
namespace {

using core::KeyKind;
using core::KeyState;
using core::PeriodState;
using std::chrono::days;
using std::chrono::hours;

class CryptoperiodsTest : public SysTest {
 protected:
  // When the keys of a vault in memory were made isn't known: they count from the first look on.
  void SetUp() override { vault.sweep(); }

  std::vector<core::InventoryKey> keys() {
    return TestVault::must(core::key_inventory(vault.open(), *vault.begin(), now()));
  }
  core::InventoryKey key(KeyKind kind, std::uint32_t version) {
    for (const core::InventoryKey& one : keys()) {
      if (one.kind == kind && one.version == version) return one;
    }
    ADD_FAILURE() << core::name_of(kind) << " " << version << " isn't there";
    return {};
  }
  WallTime now() const { return system_clock().wall() + vault.ahead; }
  std::string health(std::string_view field) { return text(data(read("health")), {field}); }
  void rotate(const std::string& path) {
    ASSERT_TRUE(write(path).ok());
    vault.sweep();
  }
};

TEST_F(CryptoperiodsTest, TheUsualOnesAreThoseOfTheDocumentation) {
  const Json all = data(read("cryptoperiods"));
  EXPECT_EQ(text(all, {"kek", "originator_period"}), "8760h0m0s");
  EXPECT_EQ(text(all, {"kek", "recipient_period"}), "26280h0m0s");
  EXPECT_EQ(text(all, {"kek", "warn"}), "720h0m0s");
  EXPECT_EQ(text(all, {"kek", "enforce"}), "false");
  EXPECT_EQ(text(all, {"sign", "originator_period"}), "17520h0m0s");
  EXPECT_EQ(text(all, {"audit", "originator_period"}), "8760h0m0s");
  EXPECT_EQ(text(all, {"name", "originator_period"}), "0");
  EXPECT_EQ(text(all, {"fingerprint", "recipient_period"}), "0");
}

TEST_F(CryptoperiodsTest, WhatIsSetIsKeptAndTheRestStays) {
  ASSERT_TRUE(write("cryptoperiods/record", R"({"originator_period":"48h","warn":"1h"})").ok());
  ASSERT_TRUE(write("cryptoperiods/record", R"({"enforce":true})").ok());
  const Json record = data(read("cryptoperiods/record"));
  EXPECT_EQ(text(record, {"originator_period"}), "48h0m0s");
  EXPECT_EQ(text(record, {"recipient_period"}), "0");
  EXPECT_EQ(text(record, {"warn"}), "1h0m0s");
  EXPECT_EQ(text(record, {"enforce"}), "true");
  EXPECT_EQ(text(data(read("cryptoperiods/bind")), {"originator_period"}), "17520h0m0s");
  ASSERT_TRUE(remove("cryptoperiods/record").ok());
  EXPECT_EQ(text(data(read("cryptoperiods/record")), {"enforce"}), "false");
  EXPECT_EQ(text(data(read("cryptoperiods/record")), {"warn"}), "720h0m0s");
}

TEST_F(CryptoperiodsTest, WhatMakesNoSenseIsRefusedByItsField) {
  refused(write("cryptoperiods/kek", R"({"originator_period":"23h"})"), "originator_period");
  refused(write("cryptoperiods/kek", R"({"originator_period":-5})"), "originator_period");
  refused(write("cryptoperiods/kek", R"({"recipient_period":"1h"})"), "recipient_period");
  refused(write("cryptoperiods/kek", R"({"warn":-1})"), "warn");
  refused(write("cryptoperiods/kek", R"({"originator_period":0,"enforce":true})"), "enforce");
  refused(write("cryptoperiods/ssh_ca", R"({"enforce":true})"), "hosts trust a new CA");
  refused(write("cryptoperiods/data", "{}"), "no such kind");
  refused(read("cryptoperiods/data"), "no such kind");
  EXPECT_EQ(text(data(read("cryptoperiods/kek")), {"originator_period"}), "8760h0m0s");
}

TEST_F(CryptoperiodsTest, TheKeyOfNamesHasNone) {
  for (const auto& [body, field] : std::vector<std::pair<const char*, const char*>>{
           {R"({"originator_period":"48h"})", "originator_period"},
           {R"({"recipient_period":"48h"})", "recipient_period"},
           {R"({"originator_period":"48h","enforce":true})", "originator_period"},
           {R"({"enforce":true})", "enforce"}}) {
    refused(write("cryptoperiods/name", body),
            "field \"" + std::string(field) + "\" can't be set for name");
  }
  EXPECT_TRUE(write("cryptoperiods/name", R"({"originator_period":0,"recipient_period":0})").ok());
  // One that a store of before brings counts for nothing.
  auto tx = vault.begin();
  core::Cryptoperiods periods = *core::Cryptoperiods::read(*tx);
  periods.set(KeyKind::name, {.originator = hours(24), .recipient = {}, .warn = hours(24)});
  TestVault::must(periods.write(*tx));
  ASSERT_TRUE(vault.commit(tx->take()));
  EXPECT_EQ(text(data(read("cryptoperiods/name")), {"originator_period"}), "0");
  vault.ahead = hours(48);
  EXPECT_EQ(health("cryptoperiods_over"), "absent");
  EXPECT_EQ(health("cryptoperiods_ending"), "absent");
}

/// Else no key would be looked at until the time comes at which the clock once stood.
TEST_F(CryptoperiodsTest, AClockThatWasSetBackPutsNoLookOff) {
  const WallTime past = now() - hours(1000);
  const auto tx = vault.begin();
  TestVault::must(core::watch_rotation(*tx, past));
  ASSERT_TRUE(vault.commit(tx->take()));
  const auto due = TestVault::must(lifecycle::due(*vault.begin(), past + hours(1), 64)).due;
  EXPECT_TRUE(std::any_of(due.begin(), due.end(),
                          [](const auto& one) { return one.kind == "rotate_kek"; }));
}

TEST_F(CryptoperiodsTest, OnlyWhoHasSudoMaySetThem) {
  put_policy("reader", R"(path "sys/cryptoperiods/*" { capabilities = ["read","update"] })");
  const std::string token = token_with("reader");
  EXPECT_TRUE(vault.call_as(token, Operation::read, "sys/cryptoperiods/kek").ok());
  const Answer set =
      vault.call_as(token, Operation::update, "sys/cryptoperiods/kek", R"({"warn":"1h"})");
  ASSERT_FALSE(set.ok());
  EXPECT_EQ(set.error().code, ErrorCode::permission_denied);
}

TEST_F(CryptoperiodsTest, AKeyGoesThroughItsStates) {
  EXPECT_EQ(key(KeyKind::kek, 1).state, KeyState::active);
  EXPECT_FALSE(key(KeyKind::kek, 1).dated);
  vault.ahead = hours(1);
  rotate("rotate");
  EXPECT_EQ(key(KeyKind::kek, 1).state, KeyState::deactivated);
  EXPECT_EQ(key(KeyKind::kek, 2).state, KeyState::active);
  EXPECT_TRUE(key(KeyKind::kek, 2).dated);
  EXPECT_EQ(key(KeyKind::kek, 2).activated, vault.open().keyring->token().kek_installed);
  vault.ahead = hours(2);
  ASSERT_TRUE(write("rotate/retire", R"({"version":1})").ok());
  vault.sweep();
  const core::InventoryKey gone = key(KeyKind::kek, 1);
  EXPECT_EQ(gone.state, KeyState::destroyed);
  ASSERT_TRUE(gone.deactivated && gone.destroyed);
  EXPECT_LT(*gone.deactivated, *gone.destroyed);
  EXPECT_EQ(gone.period, PeriodState::unlimited);
}

TEST_F(CryptoperiodsTest, EachKindOfKeyIsDatedWhenItIsMade) {
  vault.ahead = hours(5);
  for (const char* name : {"record", "bind", "token_hash", "audit", "fingerprint", "sign"}) {
    rotate(std::string("rotate/keyring/") + name);
    const core::InventoryKey made = key(*core::key_kind(name), 2);
    EXPECT_EQ(made.state, KeyState::active) << name;
    EXPECT_TRUE(made.dated) << name;
    EXPECT_GT(made.activated, key(*core::key_kind(name), 1).activated) << name;
    EXPECT_EQ(key(*core::key_kind(name), 1).state, KeyState::deactivated) << name;
  }
  EXPECT_EQ(key(KeyKind::name, 1).state, KeyState::active);
}

TEST_F(CryptoperiodsTest, DatesOutliveASeal) {
  vault.ahead = hours(5);
  rotate("rotate/keyring/audit");
  const WallTime activated = key(KeyKind::audit, 2).activated;
  vault.state->seal();
  ASSERT_TRUE(vault.call_as("", Operation::update, "sys/unseal", R"({"key":"1234"})").ok());
  vault.ahead = hours(9);
  vault.sweep();
  EXPECT_EQ(key(KeyKind::audit, 2).activated, activated);
}

TEST_F(CryptoperiodsTest, AnEndIsToldBeforeAndWhenItIsOver) {
  ASSERT_TRUE(write("cryptoperiods/bind", R"({"originator_period":"100h","warn":"10h"})").ok());
  EXPECT_EQ(health("cryptoperiods_ending"), "absent");
  vault.ahead = hours(89);
  EXPECT_EQ(key(KeyKind::bind, 1).period, PeriodState::fine);
  vault.ahead = hours(91);
  EXPECT_EQ(key(KeyKind::bind, 1).period, PeriodState::ending);
  EXPECT_EQ(health("cryptoperiods_ending"), "1");
  EXPECT_EQ(health("cryptoperiods_over"), "absent");
  vault.ahead = hours(101);
  EXPECT_EQ(health("cryptoperiods_over"), "1");
  EXPECT_EQ(health("cryptoperiods_ending"), "absent");
  const Answer metrics = read("metrics");
  ASSERT_TRUE(metrics.ok());
  EXPECT_NE(metrics->data.find("coffer_cryptoperiods_over 1"), std::string::npos);
  EXPECT_NE(metrics->data.find("coffer_cryptoperiods_ending 0"), std::string::npos);
  EXPECT_NE(metrics->data.find("period_end_timestamp_seconds{key=\"bind\",version=\"1\"}"),
            std::string::npos);
  EXPECT_EQ(metrics->data.find("{key=\"name\""), std::string::npos);
  // Nothing was asked to be enforced.
  vault.sweep();
  EXPECT_EQ(key(KeyKind::bind, 1).state, KeyState::active);
}

TEST_F(CryptoperiodsTest, AnOldKeyThatIsKeptTooLongIsTold) {
  ASSERT_TRUE(write("cryptoperiods/kek", R"({"recipient_period":"48h","warn":0})").ok());
  rotate("rotate");
  EXPECT_EQ(health("cryptoperiods_over"), "absent");
  vault.ahead = hours(49);
  EXPECT_EQ(key(KeyKind::kek, 1).period, PeriodState::over);
  EXPECT_EQ(health("cryptoperiods_over"), "1");
  ASSERT_TRUE(write("rotate/retire", R"({"version":1})").ok());
  vault.sweep();
  EXPECT_EQ(health("cryptoperiods_over"), "absent");
}

TEST_F(CryptoperiodsTest, WhereItIsEnforcedEachKeyIsRotatedBeforeItsEnd) {
  for (const char* name : {"kek", "sign", "record", "bind", "token_hash", "audit", "fingerprint"}) {
    ASSERT_TRUE(
        write(std::string("cryptoperiods/") + name, R"({"originator_period":"48h","enforce":true})")
            .ok());
  }
  vault.sweep();
  vault.ahead = hours(46);
  vault.sweep();
  for (const core::InventoryKey& one : keys()) EXPECT_EQ(one.version, 1U);
  vault.ahead = hours(47) + std::chrono::minutes(30);
  vault.sweep();
  std::size_t kinds = 0;
  for (const KeyKind kind : core::kKeyKinds) {
    if (core::is_engines(kind)) continue;
    ++kinds;
    const bool name = kind == KeyKind::name;
    const core::InventoryKey newest = key(kind, name ? 1 : 2);
    EXPECT_EQ(newest.state, KeyState::active) << core::name_of(kind);
    EXPECT_NE(newest.period, PeriodState::over) << core::name_of(kind);
  }
  EXPECT_EQ(keys().size(), 2 * kinds - 1);
  vault.ahead = hours(50);
  vault.sweep();
  EXPECT_EQ(keys().size(), 2 * kinds - 1);
}

TEST_F(CryptoperiodsTest, AKeyThatCantBeRotatedHoldsUpNoOther) {
  for (const char* name : {"kek", "record"}) {
    ASSERT_TRUE(
        write(std::string("cryptoperiods/") + name, R"({"originator_period":"48h","enforce":true})")
            .ok());
  }
  vault.sweep();
  vault.ahead = hours(49);
  vault.token.fail_nth(fakes::FakeToken::Method::generate, 1,
                       make_error(ErrorCode::unavailable, "the token is away"));
  EXPECT_THROW(vault.sweep(), std::runtime_error);
  EXPECT_EQ(key(KeyKind::record, 2).state, KeyState::active);
  EXPECT_EQ(health("cryptoperiods_over"), "1");
  vault.sweep();
  EXPECT_EQ(key(KeyKind::kek, 2).state, KeyState::active);
  EXPECT_EQ(health("cryptoperiods_over"), "absent");
}

TEST_F(CryptoperiodsTest, RowsOfAnotherFormatAreDamage) {
  for (const auto& [table, name] :
       {std::pair<std::uint8_t, const char*>{4, "cryptoperiods"}, {13, "dates"}}) {
    auto tx = vault.begin();
    const envelope::RowName row{{.mount = {}, .table = table}, {}, name};
    TestVault::must(
        tx->write(row, std::string("\x03\x00\x00\x00\x00", 5), envelope::Expect::anything()));
    ASSERT_TRUE(vault.commit(tx->take()));
    const auto found = core::key_inventory(vault.open(), *vault.begin(), now());
    ASSERT_FALSE(found.ok()) << name;
    EXPECT_EQ(found.error().code, ErrorCode::corrupt) << name;
    auto again = vault.begin();
    again->erase(row, envelope::Expect::anything());
    ASSERT_TRUE(vault.commit(again->take()));
  }
  EXPECT_TRUE(core::key_inventory(vault.open(), *vault.begin(), now()).ok());
}

}  // namespace
}  // namespace coffer::sys
