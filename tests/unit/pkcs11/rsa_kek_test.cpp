// A kek that is an RSA pair: what is checked of both halves, and what a wrap by it withstands.
#include <algorithm>

#include "coffer/crypto/digest.h"
#include "coffer/crypto/rsa.h"
#include "coffer/pkcs11/wrap.h"
#include "pkcs11/src/rules.h"
#include "shimmed_token.h"

namespace coffer::pkcs11 {
namespace {

Bytes flag(bool value) { return {value ? std::uint8_t{CK_TRUE} : std::uint8_t{CK_FALSE}}; }
Bytes number(CK_ULONG value) {
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(&value);
  return {bytes, bytes + sizeof value};
}

/// The template of our rules, some values of which can be set otherwise.
class Wanted final {
 public:
  Wanted(const Rules& rules, const KeyRef& key) {
    for (const Rule& rule : rules) {
      if (rule.in_template()) set(rule.type, encode(rule));
    }
    set(CKA_ID, key.id);
  }
  void set(CK_ATTRIBUTE_TYPE type, Bytes value) { values_[type] = std::move(value); }
  std::vector<CK_ATTRIBUTE> list() {
    std::vector<CK_ATTRIBUTE> attributes;
    for (auto& [type, value] : values_) attributes.push_back({type, value.data(), value.size()});
    return attributes;
  }

 private:
  std::map<CK_ATTRIBUTE_TYPE, Bytes> values_;
};

class RsaKek : public ShimmedToken {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(ShimmedToken::SetUp());
    profile_.wrap = WrapScheme::rsa_oaep_sha1;  // SoftHSM's
    profile_.rsa_bits = 2048;                   // half a second less a key
    ASSERT_NO_FATAL_FAILURE(open());
    ASSERT_EQ(shim::real().C_OpenSession(slot_, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr,
                                         nullptr, &session_),
              CKR_OK);
  }
  Rules private_half() const { return private_rules(KeyKind::kek_rsa, profile_); }
  Rules public_half() const { return public_rules(KeyKind::kek_rsa, profile_); }

  void make_pair(Wanted wanted_private, Wanted wanted_public) {
    auto attributes = wanted_private.list();
    auto public_attributes = wanted_public.list();
    CK_MECHANISM mechanism{CKM_RSA_PKCS_KEY_PAIR_GEN, nullptr, 0};
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
  KekInfo kek_info() {
    auto info = token_->describe_kek(kek_);
    EXPECT_TRUE(info.ok()) << text_of_result(info);
    return info.ok() ? *info : KekInfo{};
  }
  /// A block of somebody else's making, rightly encrypted to the kek.
  Bytes encrypted(ByteView block) {
    auto sealed = crypto::rsa_oaep_encrypt(kek_info().public_key, crypto::OaepHash::sha1, block);
    EXPECT_TRUE(sealed.ok());
    return sealed.ok() ? *sealed : Bytes{};
  }

  CK_SESSION_HANDLE session_ = 0;
  CK_OBJECT_HANDLE public_ = 0;
  CK_OBJECT_HANDLE private_ = 0;
};

TEST_F(RsaKek, SaysItsAlgorithmAndItsPublicHalf) {
  ASSERT_NO_FATAL_FAILURE(open_with_kek());
  const KekInfo info = kek_info();
  EXPECT_EQ(info.algorithm, kWrapRsaOaepSha1);
  EXPECT_EQ(*crypto::rsa_modulus_size(info.public_key), 256U);
  EXPECT_EQ(max_wrap_size(info), 256U - 2 * 20 - 2 - 32);
  EXPECT_EQ(blob_.size(), 256U);
  EXPECT_EQ(code_of_result(unwrap()), "ok");
}

TEST_F(RsaKek, WrappingTakesNothingOfTheToken) {
  ASSERT_NO_FATAL_FAILURE(open_with_kek());
  shim::fail_always("C_EncryptInit", CKR_DEVICE_REMOVED);
  shim::fail_always("C_OpenSession", CKR_DEVICE_REMOVED);
  EXPECT_EQ(code_of_result(token_->wrap(kek_, secret("x"), aad_)), "ok");
}

TEST_F(RsaKek, EachAttributeOfThePrivateHalfIsChecked) {
  const std::vector<std::pair<CK_ATTRIBUTE_TYPE, Bytes>> changes = {
      {CKA_EXTRACTABLE, flag(true)},  {CKA_SENSITIVE, flag(false)},
      {CKA_MODIFIABLE, flag(true)},   {CKA_PRIVATE, flag(false)},
      {CKA_DECRYPT, flag(false)},     {CKA_SIGN, flag(true)},
      {CKA_UNWRAP, flag(true)},       {CKA_DERIVE, flag(true)},
      {CKA_SIGN_RECOVER, flag(true)}, {CKA_ALLOWED_MECHANISMS, number(CKM_RSA_PKCS)}};
  for (const auto& [type, value] : changes) {
    const Rules rules = private_half();
    const auto rule = std::find_if(rules.begin(), rules.end(),
                                   [type = type](const Rule& each) { return each.type == type; });
    ASSERT_NE(rule, rules.end());
    const KeyRef key = key_ref(rule->name);
    Wanted wanted(rules, key);
    wanted.set(type, value);
    ASSERT_NO_FATAL_FAILURE(make_pair(wanted, Wanted(public_half(), key)));
    expect_blamed(token_->verify(KeyRole::kek, key), rule->name);
    expect_blamed(token_->wrap(key, secret("x"), aad_), rule->name);
    expect_blamed(token_->unwrap(key, Bytes(256, 1), aad_), rule->name);
    expect_blamed(token_->describe_kek(key), rule->name);
  }
}

TEST_F(RsaKek, EachAttributeOfThePublicHalfIsChecked) {
  for (const auto& [type, name] :
       std::map<CK_ATTRIBUTE_TYPE, std::string_view>{{CKA_VERIFY, "CKA_VERIFY"},
                                                     {CKA_WRAP, "CKA_WRAP"},
                                                     {CKA_DERIVE, "CKA_DERIVE"},
                                                     {CKA_MODIFIABLE, "CKA_MODIFIABLE"}}) {
    const KeyRef key = key_ref(name);
    Wanted wanted(public_half(), key);
    wanted.set(type, flag(true));
    ASSERT_NO_FATAL_FAILURE(make_pair(Wanted(private_half(), key), wanted));
    expect_blamed(token_->describe_kek(key), name);
  }
}

TEST_F(RsaKek, AShortPairIsRefused) {
  Wanted wanted(public_half(), kek_);
  wanted.set(CKA_MODULUS_BITS, number(1024));
  ASSERT_NO_FATAL_FAILURE(make_pair(Wanted(private_half(), kek_), wanted));
  expect_blamed(token_->verify(KeyRole::kek, kek_), "CKA_MODULUS");
}

/// Whoever has the PIN could put his own public key there, and read what is wrapped from then on.
TEST_F(RsaKek, APublicHalfOfAnotherPairIsRefused) {
  ASSERT_NO_FATAL_FAILURE(make_pair(Wanted(private_half(), kek_), Wanted(public_half(), kek_)));
  ASSERT_EQ(shim::real().C_DestroyObject(session_, public_), CKR_OK);
  const KeyRef other = key_ref("other");
  ASSERT_NO_FATAL_FAILURE(make_pair(Wanted(private_half(), other), Wanted(public_half(), kek_)));
  EXPECT_NE(code_of_result(token_->verify(KeyRole::kek, kek_)), "ok");
  EXPECT_NE(code_of_result(token_->wrap(kek_, secret("x"), aad_)), "ok");
}

TEST_F(RsaKek, APairAndASecretKeyOfOneIdAreRefused) {
  ASSERT_NO_FATAL_FAILURE(make_pair(Wanted(private_half(), kek_), Wanted(public_half(), kek_)));
  ASSERT_EQ(code_of_result(token_->verify(KeyRole::kek, kek_)), "ok");
  Wanted wanted(private_rules(KeyKind::kek_aes, profile_), kek_);
  auto attributes = wanted.list();
  CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
  CK_OBJECT_HANDLE made = 0;
  ASSERT_EQ(
      shim::real().C_GenerateKey(session_, &mechanism, attributes.data(), attributes.size(), &made),
      CKR_OK);
  expect_blamed(token_->verify(KeyRole::kek, kek_), "CKA_ID,");
}

TEST_F(RsaKek, AnEarlierKekOfAesGoesOnUnderAnOaepProfile) {
  profile_.wrap = WrapScheme::aes_gcm;
  ASSERT_NO_FATAL_FAILURE(open_with_kek());
  profile_.wrap = WrapScheme::rsa_oaep_sha1;
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_EQ(kek_info().algorithm, kWrapAesGcm);
  EXPECT_EQ(code_of_result(unwrap()), "ok");
}

TEST_F(RsaKek, AHashThatTheTokenCantIsFoundByTryingIt) {
  profile_.wrap = WrapScheme::rsa_oaep_sha256;
  ASSERT_NO_FATAL_FAILURE(open());
  const auto made = token_->generate(KeyRole::kek, kek_, "kek");
  EXPECT_FALSE(made.ok()) << "SoftHSM has no OAEP with SHA-256";
  EXPECT_EQ(code_of_result(token_->verify(KeyRole::kek, kek_)), "not_found") << "left behind";
}

TEST_F(RsaKek, BlocksOfOthersAreCorrupt) {
  ASSERT_NO_FATAL_FAILURE(open_with_kek());
  const auto context = crypto::sha256(aad_);
  ASSERT_TRUE(context.ok());
  const Bytes hash = to_bytes(*context);
  Bytes other_context = hash;
  other_context.insert(other_context.end(), 32, 7);
  other_context[31] ^= 1U;
  for (const Bytes& block :
       {Bytes{}, Bytes{1}, Bytes(31, 1), hash, other_context, Bytes(64, 0), Bytes(214, 1)}) {
    const auto opened = token_->unwrap(kek_, encrypted(block), aad_);
    EXPECT_EQ(code_of_result(opened), "corrupt") << block.size();
  }
  Bytes good = hash;
  good.push_back('k');
  EXPECT_EQ(code_of_result(token_->unwrap(kek_, encrypted(good), aad_)), "ok");
}

TEST_F(RsaKek, OnlyBlocksOfTheModulusLengthReachTheToken) {
  ASSERT_NO_FATAL_FAILURE(open_with_kek());
  const std::size_t before = shim::calls("C_DecryptInit");
  for (const std::size_t size : {0U, 1U, 60U, 255U, 257U, 384U}) {
    EXPECT_EQ(code_of_result(token_->unwrap(kek_, Bytes(size, 1), aad_)), "corrupt") << size;
  }
  EXPECT_EQ(shim::calls("C_DecryptInit"), before);
}

TEST_F(RsaKek, ALengthThatMakesNoSenseIsNotBelieved) {
  ASSERT_NO_FATAL_FAILURE(open_with_kek());
  shim::Hook<& CK_FUNCTION_LIST::C_Decrypt>::after = [](CK_RV&, CK_SESSION_HANDLE, CK_BYTE*,
                                                        CK_ULONG, CK_BYTE*,
                                                        CK_ULONG* written) { *written = 100000; };
  EXPECT_EQ(code_of_result(unwrap()), "unavailable");
}

TEST_F(RsaKek, AFailingDeviceIsUnavailableNeverCorrupt) {
  ASSERT_NO_FATAL_FAILURE(open_with_kek());
  shim::fail_always("C_Decrypt", CKR_GENERAL_ERROR);
  EXPECT_EQ(code_of_result(unwrap()), "unavailable");
  shim::fail_always("C_Decrypt", std::nullopt);
  EXPECT_EQ(code_of_result(unwrap()), "ok");
}

TEST(Wrap, LengthsByAlgorithm) {
  EXPECT_TRUE(is_wrapped_size(kWrapAesGcm, 32, 60));
  EXPECT_FALSE(is_wrapped_size(kWrapAesGcm, 32, 61));
  for (const std::string_view oaep : {kWrapRsaOaepSha256, kWrapRsaOaepSha1}) {
    EXPECT_TRUE(is_wrapped_size(oaep, 32, 256));
    EXPECT_TRUE(is_wrapped_size(oaep, 32, 384));
    EXPECT_TRUE(is_wrapped_size(oaep, 32, 1024));
    EXPECT_FALSE(is_wrapped_size(oaep, 32, 255));
    EXPECT_FALSE(is_wrapped_size(oaep, 32, 1025));
    EXPECT_FALSE(is_wrapped_size(oaep, 500, 256));
  }
  EXPECT_FALSE(is_wrapped_size("aes-cbc", 32, 60));
  EXPECT_FALSE(is_wrapped_size("", 32, 60));
}

TEST(Wrap, OnTheHostTakesAPublicHalfAndAKnownAlgorithm) {
  const Bytes aad = {1};
  EXPECT_EQ(code_of_result(wrap_on_host({std::string(kWrapAesGcm), {}}, secret("x"), aad)),
            "invalid_argument");
  EXPECT_EQ(code_of_result(wrap_on_host({"rsa-oaep-md5", Bytes{1}}, secret("x"), aad)), "corrupt");
  EXPECT_EQ(
      code_of_result(wrap_on_host({std::string(kWrapRsaOaepSha256), Bytes{1}}, secret("x"), aad)),
      "invalid_argument");
  EXPECT_EQ(max_wrap_size({"rsa-oaep-md5", Bytes{1}}), 0U);
  EXPECT_EQ(max_wrap_size({std::string(kWrapRsaOaepSha1), Bytes{1}}), 0U);
  EXPECT_EQ(max_wrap_size({std::string(kWrapAesGcm), {}}), kMaxWrapSize);
}

}  // namespace
}  // namespace coffer::pkcs11
