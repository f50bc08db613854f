// Keys that another program made, or changed: each is refused by the name of what is wrong with it.
#include <algorithm>

#include "pkcs11/src/rules.h"
#include "shimmed_token.h"

namespace coffer::pkcs11 {
namespace {

struct Change {
  CK_ATTRIBUTE_TYPE type;
  Bytes value;              ///< empty: left out of the template
  std::string_view blamed;  ///< what the refusal has to name
};

Bytes flag(bool value) { return {value ? std::uint8_t{CK_TRUE} : std::uint8_t{CK_FALSE}}; }
Bytes number(CK_ULONG value) {
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(&value);
  return {bytes, bytes + sizeof value};
}

class Drift : public ShimmedToken {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(ShimmedToken::SetUp());
    ASSERT_NO_FATAL_FAILURE(open());
    ASSERT_EQ(shim::real().C_OpenSession(slot_, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr,
                                         nullptr, &session_),
              CKR_OK);
  }

  /// The template of our rules with some attributes changed.
  struct Wanted {
    Wanted(const Rules& rules, const KeyRef& key, const std::vector<Change>& changes) {
      for (const Rule& rule : rules) {
        if (rule.in_template()) set(rule.type, encode(rule));
      }
      set(CKA_ID, key.id);
      for (const Change& change : changes) {
        if (change.value.empty()) values.erase(change.type);
        if (!change.value.empty()) set(change.type, change.value);
      }
    }
    void set(CK_ATTRIBUTE_TYPE type, Bytes value) { values[type] = std::move(value); }
    std::vector<CK_ATTRIBUTE> list() {
      std::vector<CK_ATTRIBUTE> attributes;
      for (auto& [type, value] : values) {
        attributes.push_back({type, value.data(), value.size()});
      }
      return attributes;
    }
    std::map<CK_ATTRIBUTE_TYPE, Bytes> values;
  };

  void make_kek(const KeyRef& key, const std::vector<Change>& changes) {
    Wanted wanted(private_rules(KeyKind::kek_aes, {}), key, changes);
    auto attributes = wanted.list();
    CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
    CK_OBJECT_HANDLE made = 0;
    ASSERT_EQ(shim::real().C_GenerateKey(session_, &mechanism, attributes.data(), attributes.size(),
                                         &made),
              CKR_OK);
  }
  void make_pair(const KeyRef& key, const std::vector<Change>& changes,
                 const std::vector<Change>& public_changes) {
    Wanted wanted(private_rules(KeyKind::sign_p256, {}), key, changes);
    Wanted wanted_public(public_rules(KeyKind::sign_p256, {}), key, public_changes);
    auto attributes = wanted.list();
    auto public_attributes = wanted_public.list();
    CK_MECHANISM mechanism{CKM_EC_KEY_PAIR_GEN, nullptr, 0};
    ASSERT_EQ(shim::real().C_GenerateKeyPair(session_, &mechanism, public_attributes.data(),
                                             public_attributes.size(), attributes.data(),
                                             attributes.size(), &public_, &private_),
              CKR_OK);
  }
  template <typename T>
  static void expect_blamed(const Result<T>& result, std::string_view attribute) {
    ASSERT_EQ(code_of_result(result), "precondition") << attribute << text_of_result(result);
    EXPECT_NE(result.error().text.find(std::string(attribute) + " "), std::string::npos)
        << "wanted " << attribute << ", got: " << result.error().text;
  }

  CK_SESSION_HANDLE session_ = 0;
  CK_OBJECT_HANDLE public_ = 0;
  CK_OBJECT_HANDLE private_ = 0;
};

TEST_F(Drift, AnUnchangedKeyMadeElsewhereIsAccepted) {
  ASSERT_NO_FATAL_FAILURE(make_kek(kek_, {}));
  ASSERT_NO_FATAL_FAILURE(make_pair(sign_, {}, {}));
  EXPECT_EQ(code_of_result(token_->verify(KeyRole::kek, kek_)), "ok");
  EXPECT_EQ(code_of_result(token_->verify(KeyRole::sign, sign_)), "ok");
}

TEST_F(Drift, EachAttributeOfAKekIsChecked) {
  const std::vector<Change> changes = {
      {CKA_EXTRACTABLE, flag(true), "CKA_EXTRACTABLE"},
      {CKA_SENSITIVE, flag(false), "CKA_SENSITIVE"},
      {CKA_MODIFIABLE, flag(true), "CKA_MODIFIABLE"},
      {CKA_PRIVATE, flag(false), "CKA_PRIVATE"},
      {CKA_TOKEN, flag(false), "CKA_TOKEN"},
      {CKA_VALUE_LEN, number(16), "CKA_VALUE_LEN"},
      {CKA_ENCRYPT, flag(false), "CKA_ENCRYPT"},
      {CKA_DECRYPT, flag(false), "CKA_DECRYPT"},
      {CKA_WRAP, flag(true), "CKA_WRAP"},
      {CKA_UNWRAP, flag(true), "CKA_UNWRAP"},
      {CKA_SIGN, flag(true), "CKA_SIGN"},
      {CKA_VERIFY, flag(true), "CKA_VERIFY"},
      {CKA_DERIVE, flag(true), "CKA_DERIVE"},
      {CKA_ALLOWED_MECHANISMS, {}, "CKA_ALLOWED_MECHANISMS"},
      {CKA_ALLOWED_MECHANISMS, number(CKM_AES_CBC), "CKA_ALLOWED_MECHANISMS"},
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const KeyRef key = key_ref("drift-" + std::to_string(i));
    ASSERT_NO_FATAL_FAILURE(make_kek(key, {changes[i]}));
    expect_blamed(token_->verify(KeyRole::kek, key), changes[i].blamed);
    // And not only verify: what isn't right isn't used.
    expect_blamed(token_->wrap(key, secret("x"), aad_), changes[i].blamed);
    expect_blamed(token_->unwrap(key, Bytes(60, 1), aad_), changes[i].blamed);
  }
}

TEST_F(Drift, MoreMechanismsThanOursAreNoticedHoweverMany) {
  Bytes many;
  for (CK_ULONG i = 0; i < 40; ++i) {
    const Bytes one = number(CKM_AES_GCM + i);
    many.insert(many.end(), one.begin(), one.end());
  }
  ASSERT_NO_FATAL_FAILURE(make_kek(kek_, {{CKA_ALLOWED_MECHANISMS, many, ""}}));
  expect_blamed(token_->verify(KeyRole::kek, kek_), "CKA_ALLOWED_MECHANISMS");
}

TEST_F(Drift, AnImportedKekIsRefused) {
  // Somebody knows its value, whatever its flags say.
  Wanted wanted(private_rules(KeyKind::kek_aes, {}), kek_, {{CKA_VALUE, Bytes(32, 0x42), ""}});
  wanted.values.erase(CKA_VALUE_LEN);
  auto attributes = wanted.list();
  CK_OBJECT_HANDLE made = 0;
  ASSERT_EQ(shim::real().C_CreateObject(session_, attributes.data(), attributes.size(), &made),
            CKR_OK);
  expect_blamed(token_->verify(KeyRole::kek, kek_), "CKA_LOCAL");
}

TEST_F(Drift, AKeyOfAnotherTypeIsRefused) {
  std::vector<CK_ATTRIBUTE> attributes;
  Wanted wanted(private_rules(KeyKind::kek_aes, {}), kek_,
                {{CKA_KEY_TYPE, number(CKK_GENERIC_SECRET), ""}});
  wanted.values.erase(CKA_ALLOWED_MECHANISMS);
  attributes = wanted.list();
  CK_MECHANISM mechanism{CKM_GENERIC_SECRET_KEY_GEN, nullptr, 0};
  CK_OBJECT_HANDLE made = 0;
  ASSERT_EQ(
      shim::real().C_GenerateKey(session_, &mechanism, attributes.data(), attributes.size(), &made),
      CKR_OK);
  expect_blamed(token_->verify(KeyRole::kek, kek_), "CKA_KEY_TYPE");
}

TEST_F(Drift, TwoKeysOfOneIdAreRefused) {
  ASSERT_NO_FATAL_FAILURE(make_kek(kek_, {}));
  EXPECT_EQ(code_of_result(token_->verify(KeyRole::kek, kek_)), "ok");
  ASSERT_NO_FATAL_FAILURE(make_kek(kek_, {}));
  expect_blamed(token_->verify(KeyRole::kek, kek_), "CKA_ID,");
  expect_blamed(token_->wrap(kek_, secret("x"), aad_), "CKA_ID,");
  EXPECT_EQ(code_of_result(token_->generate(KeyRole::kek, kek_, "x")), "conflict");
}

TEST_F(Drift, AChangeAfterTheFirstUseIsFoundByTheNextVerify) {
  ASSERT_EQ(code_of_result(token_->generate(KeyRole::kek, kek_, "x")), "ok");
  ASSERT_EQ(code_of_result(token_->verify(KeyRole::kek, kek_)), "ok");
  shim::Hook<& CK_FUNCTION_LIST::C_GetAttributeValue>::after =
      [](CK_RV&, CK_SESSION_HANDLE, CK_OBJECT_HANDLE, CK_ATTRIBUTE* asked, CK_ULONG) {
        if (asked->type == CKA_NEVER_EXTRACTABLE) *static_cast<CK_BBOOL*>(asked->pValue) = 0;
      };
  expect_blamed(token_->verify(KeyRole::kek, kek_), "CKA_NEVER_EXTRACTABLE");
  expect_blamed(token_->wrap(kek_, secret("x"), aad_), "CKA_NEVER_EXTRACTABLE");
}

TEST_F(Drift, OurKeysCantBeChangedOnTheToken) {
  ASSERT_EQ(code_of_result(token_->generate(KeyRole::kek, kek_, "x")), "ok");
  CK_ATTRIBUTE id{CKA_ID, in(kek_.id), kek_.id.size()};
  CK_OBJECT_HANDLE object = 0;
  CK_ULONG found = 0;
  ASSERT_EQ(shim::real().C_FindObjectsInit(session_, &id, 1), CKR_OK);
  ASSERT_EQ(shim::real().C_FindObjects(session_, &object, 1, &found), CKR_OK);
  ASSERT_EQ(shim::real().C_FindObjectsFinal(session_), CKR_OK);
  ASSERT_EQ(found, 1U);
  for (const CK_ATTRIBUTE_TYPE type : {CKA_WRAP, CKA_UNWRAP, CKA_EXTRACTABLE, CKA_MODIFIABLE}) {
    Bytes yes = flag(true);
    CK_ATTRIBUTE change{type, yes.data(), yes.size()};
    EXPECT_NE(shim::real().C_SetAttributeValue(session_, object, &change, 1), CKR_OK) << type;
  }
  CK_ATTRIBUTE label{CKA_LABEL, in(aad_), aad_.size()};
  EXPECT_NE(shim::real().C_SetAttributeValue(session_, object, &label, 1), CKR_OK);
  std::array<CK_BYTE, 64> value{};
  CK_ATTRIBUTE read{CKA_VALUE, value.data(), value.size()};
  EXPECT_EQ(shim::real().C_GetAttributeValue(session_, object, &read, 1), CKR_ATTRIBUTE_SENSITIVE);
  std::array<CK_BYTE, 16> iv{};
  CK_MECHANISM cbc{CKM_AES_CBC, iv.data(), iv.size()};
  EXPECT_EQ(shim::real().C_DecryptInit(session_, &cbc, object), CKR_MECHANISM_INVALID);
}

TEST_F(Drift, EachAttributeOfASigningKeyIsChecked) {
  const std::vector<Change> changes = {
      {CKA_EXTRACTABLE, flag(true), "CKA_EXTRACTABLE"},
      {CKA_SENSITIVE, flag(false), "CKA_SENSITIVE"},
      {CKA_MODIFIABLE, flag(true), "CKA_MODIFIABLE"},
      {CKA_PRIVATE, flag(false), "CKA_PRIVATE"},
      {CKA_SIGN, flag(false), "CKA_SIGN"},
      {CKA_SIGN_RECOVER, flag(true), "CKA_SIGN_RECOVER"},
      {CKA_DECRYPT, flag(true), "CKA_DECRYPT"},
      {CKA_UNWRAP, flag(true), "CKA_UNWRAP"},
      {CKA_DERIVE, flag(true), "CKA_DERIVE"},
      {CKA_ALLOWED_MECHANISMS, {}, "CKA_ALLOWED_MECHANISMS"},
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const KeyRef key = key_ref("pair-" + std::to_string(i));
    ASSERT_NO_FATAL_FAILURE(make_pair(key, {changes[i]}, {}));
    expect_blamed(token_->verify(KeyRole::sign, key), changes[i].blamed);
    expect_blamed(token_->sign(key, aad_), changes[i].blamed);
    expect_blamed(token_->public_key(key), changes[i].blamed);
  }
}

TEST_F(Drift, EachAttributeOfThePublicKeyIsChecked) {
  // secp384r1, 1.3.132.0.34
  const Bytes p384 = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};
  const std::vector<Change> changes = {
      {CKA_EC_PARAMS, p384, "CKA_EC_PARAMS"},  {CKA_MODIFIABLE, flag(true), "CKA_MODIFIABLE"},
      {CKA_VERIFY, flag(false), "CKA_VERIFY"}, {CKA_ENCRYPT, flag(true), "CKA_ENCRYPT"},
      {CKA_WRAP, flag(true), "CKA_WRAP"},      {CKA_DERIVE, flag(true), "CKA_DERIVE"},
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const KeyRef key = key_ref("pub-" + std::to_string(i));
    ASSERT_NO_FATAL_FAILURE(make_pair(key, {}, {changes[i]}));
    expect_blamed(token_->public_key(key), changes[i].blamed);
  }
}

TEST_F(Drift, APublicKeyOfAnotherPairIsRefused) {
  ASSERT_NO_FATAL_FAILURE(make_pair(sign_, {}, {}));
  ASSERT_EQ(shim::real().C_DestroyObject(session_, public_), CKR_OK);
  // Another pair's public half under this id; its private half goes.
  const KeyRef other = key_ref("other");
  ASSERT_NO_FATAL_FAILURE(make_pair(other, {}, {{CKA_ID, sign_.id, ""}}));
  const auto refused = token_->verify(KeyRole::sign, sign_);
  ASSERT_EQ(code_of_result(refused), "precondition");
  EXPECT_NE(refused.error().text.find("doesn't verify"), std::string::npos) << refused.error().text;
}

TEST_F(Drift, AMissingPublicKeyIsNotFound) {
  ASSERT_NO_FATAL_FAILURE(make_pair(sign_, {}, {}));
  ASSERT_EQ(shim::real().C_DestroyObject(session_, public_), CKR_OK);
  EXPECT_EQ(code_of_result(token_->public_key(sign_)), "not_found");
}

}  // namespace
}  // namespace coffer::pkcs11
