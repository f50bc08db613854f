// Rules, cache, points, and making a token: what needs no broken token.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "coffer/pkcs11/attest.h"
#include "fakes/softhsm.h"
#include "pkcs11/src/aes_gcm.h"
#include "pkcs11/src/ec_point.h"
#include "pkcs11/src/key_cache.h"
#include "pkcs11/src/rules.h"
#include "pkcs11/src/slots.h"
#include "pkcs11/src/sync.h"

namespace coffer::pkcs11 {
namespace {

const Rule* rule(const Rules& rules, CK_ATTRIBUTE_TYPE type) {
  const auto found = std::find_if(rules.begin(), rules.end(),
                                  [type](const Rule& each) { return each.type == type; });
  return found == rules.end() ? nullptr : &*found;
}

bool says(const Rules& rules, CK_ATTRIBUTE_TYPE type, bool value) {
  const Rule* const found = rule(rules, type);
  return found != nullptr && std::get_if<bool>(&found->value) != nullptr &&
         *std::get_if<bool>(&found->value) == value;
}

constexpr KeyKind kKinds[] = {KeyKind::kek_aes, KeyKind::kek_rsa, KeyKind::sign_p256,
                              KeyKind::sign_rsa};

TEST(Rules, NoKeyHasTwoJobs) {
  for (const CK_ATTRIBUTE_TYPE off : {CKA_WRAP, CKA_UNWRAP, CKA_SIGN, CKA_VERIFY, CKA_DERIVE}) {
    EXPECT_TRUE(says(private_rules(KeyKind::kek_aes, {}), off, false)) << off;
  }
  for (const CK_ATTRIBUTE_TYPE off : {CKA_SIGN_RECOVER, CKA_SIGN, CKA_UNWRAP, CKA_DERIVE}) {
    EXPECT_TRUE(says(private_rules(KeyKind::kek_rsa, {}), off, false)) << off;
  }
  for (const CK_ATTRIBUTE_TYPE off : {CKA_SIGN_RECOVER, CKA_DECRYPT, CKA_UNWRAP, CKA_DERIVE}) {
    EXPECT_TRUE(says(private_rules(KeyKind::sign_p256, {}), off, false)) << off;
  }
}

TEST(Rules, NothingSecretCanLeaveOrChange) {
  for (const KeyKind kind : kKinds) {
    const Rules rules = private_rules(kind, {});
    EXPECT_TRUE(says(rules, CKA_TOKEN, true));
    EXPECT_TRUE(says(rules, CKA_PRIVATE, true));
    EXPECT_TRUE(says(rules, CKA_SENSITIVE, true));
    EXPECT_TRUE(says(rules, CKA_EXTRACTABLE, false));
    EXPECT_TRUE(says(rules, CKA_MODIFIABLE, false));
    for (const CK_ATTRIBUTE_TYPE made : {CKA_LOCAL, CKA_ALWAYS_SENSITIVE, CKA_NEVER_EXTRACTABLE}) {
      EXPECT_TRUE(says(rules, made, true));
      EXPECT_FALSE(rule(rules, made)->in_template()) << "the token sets it";
      EXPECT_FALSE(rule(rules, made)->may_be_absent());
    }
  }
}

TEST(Rules, OnlyWhatIsOffMayBeAbsent) {
  for (const Rules& rules :
       {private_rules(KeyKind::kek_aes, {}), private_rules(KeyKind::kek_rsa, {}),
        private_rules(KeyKind::sign_p256, {}), public_rules(KeyKind::kek_rsa, {}),
        public_rules(KeyKind::sign_p256, {})}) {
    std::set<CK_ATTRIBUTE_TYPE> seen;
    for (const Rule& each : rules) {
      EXPECT_TRUE(seen.insert(each.type).second) << each.name << " twice";
      const bool* const flag = std::get_if<bool>(&each.value);
      if (flag != nullptr && *flag) {
        EXPECT_FALSE(each.may_be_absent()) << each.name;
      }
    }
  }
}

TEST(KeyCache, WhatWasLookedUpBeforeAForgetIsNotEnteredAfterIt) {
  KeyCache cache;
  const Bytes id = {1};
  const std::uint64_t before = cache.epoch();
  cache.enter(KeyRole::kek, id, std::make_shared<Key>(), before);
  EXPECT_NE(cache.find(KeyRole::kek, id), nullptr);
  EXPECT_EQ(cache.find(KeyRole::sign, id), nullptr);
  cache.forget_all();
  EXPECT_EQ(cache.find(KeyRole::kek, id), nullptr);
  cache.enter(KeyRole::kek, id, std::make_shared<Key>(), before);
  EXPECT_EQ(cache.find(KeyRole::kek, id), nullptr) << "a handle of the old epoch";
  cache.enter(KeyRole::kek, id, std::make_shared<Key>(), cache.epoch());
  EXPECT_NE(cache.find(KeyRole::kek, id), nullptr);
}

TEST(KeyCache, ForgettingOneKeyKeepsTheOthersAndWhatWasKnown) {
  KeyCache cache;
  cache.enter(KeyRole::kek, {1}, std::make_shared<Key>(), cache.epoch());
  cache.enter(KeyRole::kek, {2}, std::make_shared<Key>(), cache.epoch());
  EXPECT_FALSE(cache.was_known(KeyRole::kek, {3}));
  cache.forget(KeyRole::kek, {1});
  EXPECT_EQ(cache.find(KeyRole::kek, {1}), nullptr);
  EXPECT_NE(cache.find(KeyRole::kek, {2}), nullptr);
  EXPECT_TRUE(cache.was_known(KeyRole::kek, {1}));
}

TEST(EcPoint, ComesWithAndWithoutItsOctetString) {
  Bytes bare(65, 7);
  bare[0] = 0x04;
  Bytes wrapped = {0x04, 65};
  wrapped.insert(wrapped.end(), bare.begin(), bare.end());
  for (const Bytes& attribute : {bare, wrapped}) {
    const auto point = unwrap_ec_point(attribute);
    ASSERT_TRUE(point.ok());
    EXPECT_EQ(to_bytes(*point), bare);
  }
}

TEST(EcPoint, AnythingElseIsRefused) {
  Bytes bare(65, 7);
  bare[0] = 0x04;
  Bytes compressed(33, 7);
  compressed[0] = 0x02;
  Bytes wrong_length = {0x04, 64};
  wrong_length.insert(wrong_length.end(), bare.begin(), bare.end());
  Bytes wrong_form = bare;
  wrong_form[0] = 0x05;
  for (const Bytes& attribute :
       {Bytes{}, Bytes{0x04}, compressed, wrong_length, wrong_form, Bytes(66, 4), Bytes(97, 4)}) {
    const auto point = unwrap_ec_point(attribute);
    ASSERT_FALSE(point.ok()) << to_hex(attribute);
    EXPECT_EQ(point.error().code, ErrorCode::precondition);
  }
}

TEST(GcmInput, IsCheckedBeforeTheTokenIsAsked) {
  const Bytes aad = {1};
  EXPECT_EQ(check_wrap_input(32, {}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(check_wrap_input(0, aad).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(check_wrap_input(kMaxWrapSize + 1, aad).error().code, ErrorCode::too_large);
  EXPECT_TRUE(check_wrap_input(kMaxWrapSize, aad).ok());
  EXPECT_EQ(check_unwrap_input(60, {}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(check_unwrap_input(28, aad).error().code, ErrorCode::corrupt);
  EXPECT_TRUE(check_unwrap_input(29, aad).ok());
  EXPECT_TRUE(check_unwrap_input(kMaxWrapSize + 28, aad).ok());
  EXPECT_EQ(check_unwrap_input(kMaxWrapSize + 29, aad).error().code, ErrorCode::corrupt);
}

TEST(Sync, NothingToDoOrADirectoryThatIsThere) {
  EXPECT_TRUE(sync_file_system("").ok());
  EXPECT_TRUE(sync_file_system("/tmp").ok());
  EXPECT_EQ(sync_file_system("/nonexistent").error().code, ErrorCode::unavailable);
  EXPECT_EQ(sync_file_system("/etc/passwd").error().code, ErrorCode::unavailable);
}

class InitialiseToken : public testing::Test {
 protected:
  void SetUp() override {
    auto made = fakes::SoftHsmDirectory::create_empty();
    ASSERT_TRUE(made.ok());
    directory_ = *std::move(made);
  }
  Result<std::string> initialise(std::string_view label, const SecureBytes& pin) {
    return initialise_token(fakes::kSoftHsmModule, label, directory_->so_pin(), pin,
                            directory_->tokens_path());
  }
  std::unique_ptr<fakes::SoftHsmDirectory> directory_;
};

TEST_F(InitialiseToken, GivesASerialThatOpensTheToken) {
  const std::string label = "exactly thirty-two bytes of name";
  ASSERT_EQ(label.size(), 32U);
  const auto serial = initialise(label, directory_->pin());
  ASSERT_TRUE(serial.ok()) << describe(serial.error());
  TokenConfig config = directory_->config();
  config.uri = "pkcs11:serial=" + *serial;
  const auto token = open_token(config, directory_->pin());
  ASSERT_TRUE(token.ok()) << describe(token.error());
  const auto info = (*token)->info();
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->serial, *serial);
  EXPECT_EQ(info->label, label);
  EXPECT_EQ(open_token(config, directory_->pin()).error().code, ErrorCode::conflict)
      << "one Token a module";
}

TEST_F(InitialiseToken, EachCallMakesAnotherToken) {
  const auto one = initialise("a", directory_->pin());
  const auto two = initialise("a", directory_->pin());
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_NE(*one, *two);
}

TEST(BlankToken, IsChosenByItsSerialOrIsTheOnlyOne) {
  const std::vector<BlankToken> two = {{7, "A1"}, {9, "B2"}};
  EXPECT_EQ(*choose_blank(two, "B2"), 9U);
  EXPECT_EQ(choose_blank(two, "C3").error().code, ErrorCode::not_found);
  EXPECT_EQ(choose_blank(two, "").error().code, ErrorCode::precondition);
  EXPECT_EQ(choose_blank({{7, ""}, {9, ""}}, "").error().code, ErrorCode::precondition);
  EXPECT_EQ(*choose_blank({{7, "A1"}}, ""), 7U);
  EXPECT_EQ(*choose_blank({{7, ""}}, ""), 7U);
  // One that tells no serial can't be the one that was planned.
  EXPECT_EQ(choose_blank({{7, ""}}, "A1").error().code, ErrorCode::not_found);
  EXPECT_EQ(choose_blank({}, "A1").error().code, ErrorCode::not_found);
}

TEST_F(InitialiseToken, LeavesABlankTokenAloneThatIsntThePlannedOne) {
  const auto refused =
      initialise_token_with_serial(fakes::kSoftHsmModule, "CAFE0001", "x", directory_->so_pin(),
                                   directory_->pin(), directory_->tokens_path());
  EXPECT_EQ(refused.error().code, ErrorCode::not_found);
  const auto tokens = look_at_tokens(fakes::kSoftHsmModule);
  ASSERT_TRUE(tokens.ok());
  for (const TokenLook& each : *tokens) EXPECT_FALSE(each.initialised) << each.info.label;
}

TEST_F(InitialiseToken, RefusesLabelsAndPinsThatCantBe) {
  EXPECT_EQ(initialise("", directory_->pin()).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(initialise(std::string(33, 'x'), directory_->pin()).error().code,
            ErrorCode::invalid_argument);
  EXPECT_EQ(initialise("x", SecureBytes()).error().code, ErrorCode::invalid_argument);
  const auto short_pin = fakes::random_pin(3);
  ASSERT_TRUE(short_pin.ok());
  EXPECT_EQ(initialise("x", *short_pin).error().code, ErrorCode::permission_denied);
  EXPECT_EQ(
      initialise_token("libsofthsm2.so", "x", directory_->so_pin(), directory_->pin()).error().code,
      ErrorCode::invalid_argument);
}

TEST_F(InitialiseToken, KeysOutliveTheTokenObject) {
  const auto serial = initialise("x", directory_->pin());
  ASSERT_TRUE(serial.ok());
  TokenConfig config = directory_->config();
  config.uri = "pkcs11:serial=" + *serial;
  const KeyRef kek{Bytes{1, 2, 3}};
  const Bytes aad = {9};
  Bytes blob;
  {
    const auto token = open_token(config, directory_->pin());
    ASSERT_TRUE(token.ok());
    ASSERT_TRUE((*token)->generate(KeyRole::kek, kek, "x").ok());
    const auto data_key = (*token)->random(32);
    ASSERT_TRUE(data_key.ok());
    const auto wrapped = (*token)->wrap(kek, *data_key, aad);
    ASSERT_TRUE(wrapped.ok());
    blob = *wrapped;
  }
  const auto again = open_token(config, directory_->pin());
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE((*again)->unwrap(kek, blob, aad).ok());
}

TEST(Slots, TriesOfTheUsersAndTheOfficersPinAreToldApart) {
  struct {
    CK_FLAGS flags;
    PinTries user;
    PinTries officer;
  } const cases[] = {
      {0, PinTries::plenty, PinTries::plenty},
      {CKF_USER_PIN_COUNT_LOW, PinTries::few, PinTries::plenty},
      {CKF_SO_PIN_COUNT_LOW, PinTries::plenty, PinTries::few},
      {CKF_SO_PIN_COUNT_LOW | CKF_SO_PIN_FINAL_TRY, PinTries::plenty, PinTries::one_left},
      {CKF_SO_PIN_FINAL_TRY | CKF_SO_PIN_LOCKED, PinTries::plenty, PinTries::locked},
      {CKF_USER_PIN_LOCKED | CKF_SO_PIN_COUNT_LOW, PinTries::locked, PinTries::few}};
  for (const auto& each : cases) {
    CK_TOKEN_INFO info{};
    info.flags = each.flags;
    EXPECT_EQ(describe_token(info).pin_tries, each.user) << each.flags;
    EXPECT_EQ(describe_token(info).so_pin_tries, each.officer) << each.flags;
  }
}

}  // namespace
}  // namespace coffer::pkcs11
