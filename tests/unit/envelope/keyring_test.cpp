#include "coffer/envelope/keyring.h"

#include "../../../src/envelope/keyring_format.h"
#include "golden.h"
#include "world.h"

namespace coffer::envelope {
namespace {

using fakes::FakeToken;

const KeyName kNames[] = {KeyName::record,     KeyName::bind,  KeyName::name,
                          KeyName::token_hash, KeyName::audit, KeyName::fingerprint};

std::string key_hex(const Keyring& keyring, KeyName name, std::uint32_t version = 1) {
  return to_hex(must(keyring.key(name, version, Reveal{"test"})));
}

struct Stored {
  FakeToken token{FakeToken::Options{.seed = 7}};
  std::unique_ptr<Keyring> keyring = must(Keyring::create(token, id(1)));
  Bytes bytes = must(keyring->store());
  Bytes signer = to_bytes(keyring->public_key());

  Result<std::unique_ptr<Keyring>> open() { return Keyring::open(token, bytes, signer); }
};

TEST(Keyring, OpensToTheKeysThatWereStored) {
  Stored stored;
  const auto opened = must(stored.open());
  ASSERT_NE(opened, nullptr);
  EXPECT_EQ(opened->vault(), id(1));
  EXPECT_EQ(opened->token().serial, "fake-0001");
  EXPECT_EQ(opened->token().id, stored.keyring->token().id);
  for (const KeyName name : kNames) {
    EXPECT_EQ(opened->current_version(name), 1U);
    EXPECT_EQ(key_hex(*opened, name), key_hex(*stored.keyring, name));
  }
}

TEST(Keyring, AdoptsKeysThatAreThereAndMakesAllOthersAnew) {
  Stored stored;
  const auto generated = stored.token.calls(FakeToken::Method::generate);
  const auto adopted = must(Keyring::adopt(stored.token, id(1)));
  EXPECT_EQ(stored.token.calls(FakeToken::Method::generate), generated);
  EXPECT_EQ(to_bytes(adopted->public_key()), stored.signer);
  for (const KeyName name : kNames) {
    EXPECT_NE(key_hex(*adopted, name), key_hex(*stored.keyring, name));
  }
  const Bytes bytes = must(adopted->store());
  EXPECT_TRUE(Keyring::open(stored.token, bytes, stored.signer).ok());
}

TEST(Keyring, AdoptsNoKeysThatAreMissingOrNotWhatTheyShouldBe) {
  Stored stored;
  EXPECT_EQ(code_of(Keyring::adopt(stored.token, id(2))), ErrorCode::unavailable);
  stored.token.spoil(kek_ref(id(1), 1), "CKA_EXTRACTABLE");
  EXPECT_EQ(code_of(Keyring::adopt(stored.token, id(1))), ErrorCode::precondition);
}

TEST(Keyring, TellsItsVaultWithoutATokenAndRefusesWhatIsNoKeyring) {
  Stored stored;
  EXPECT_EQ(must(Keyring::vault_of(stored.bytes)), id(1));
  for (std::size_t size = 0; size < stored.bytes.size(); size += 7) {
    EXPECT_FALSE(Keyring::vault_of(ByteView(stored.bytes).first(size)).ok()) << size;
  }
}

TEST(Keyring, KeysAreIndependent) {
  Stored stored;
  std::map<std::string, int> seen;
  for (const KeyName name : kNames) ++seen[key_hex(*stored.keyring, name)];
  const auto other = must(Keyring::create(stored.token, id(2)));
  for (const KeyName name : kNames) ++seen[key_hex(*other, name)];
  EXPECT_EQ(seen.size(), 12U);
}

TEST(Keyring, KeysDontComeFromTheTokensGeneratorAlone) {
  // Both tokens draw the same bytes.
  FakeToken a(FakeToken::Options{.seed = 1});
  FakeToken b(FakeToken::Options{.seed = 1});
  EXPECT_NE(key_hex(*must(Keyring::create(a, id(1))), KeyName::bind),
            key_hex(*must(Keyring::create(b, id(1))), KeyName::bind));
}

TEST(Keyring, HasNoKeyOfAnotherVersion) {
  Stored stored;
  EXPECT_EQ(code_of(stored.keyring->key(KeyName::bind, 0, Reveal{"test"})), ErrorCode::not_found);
  EXPECT_EQ(code_of(stored.keyring->key(KeyName::bind, 2, Reveal{"test"})), ErrorCode::not_found);
}

TEST(Keyring, IsWrappedAfreshEachTimeItIsStored) {
  Stored stored;
  const Bytes again = must(stored.keyring->store());
  EXPECT_NE(again, stored.bytes);
  EXPECT_TRUE(Keyring::open(stored.token, again, stored.signer).ok());
}

TEST(Keyring, HoldsNoKeyInClear) {
  Stored stored;
  const std::string text(as_text(stored.bytes));
  for (const KeyName name : kNames) {
    const ByteView key = must(stored.keyring->key(name, 1, Reveal{"test"}));
    EXPECT_EQ(text.find(as_text(key)), std::string::npos);
  }
}

TEST(Keyring, EveryFlippedByteIsCorrupt) {
  Stored stored;
  const std::size_t unwraps = stored.token.calls(FakeToken::Method::unwrap);
  for (std::size_t at = 0; at < stored.bytes.size(); ++at) {
    stored.bytes[at] ^= 0x01U;
    EXPECT_EQ(code_of(stored.open()), ErrorCode::corrupt) << at;
    stored.bytes[at] ^= 0x01U;
  }
  EXPECT_EQ(stored.token.calls(FakeToken::Method::unwrap), unwraps);
  EXPECT_TRUE(stored.open().ok());
}

TEST(Keyring, EveryTruncationIsCorrupt) {
  Stored stored;
  const Bytes whole = stored.bytes;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    stored.bytes.assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(code_of(stored.open()), ErrorCode::corrupt) << size;
  }
  stored.bytes = whole;
  stored.bytes.push_back(0);
  EXPECT_EQ(code_of(stored.open()), ErrorCode::corrupt);
}

TEST(Keyring, OfAnotherSignerIsCorrupt) {
  Stored stored;
  // All in order, but made by someone with a token of their own.
  FakeToken theirs(FakeToken::Options{.seed = 8});
  const auto keyring = must(Keyring::create(theirs, id(1)));
  const Bytes bytes = must(keyring->store());
  EXPECT_EQ(code_of(Keyring::open(theirs, bytes, stored.signer)), ErrorCode::corrupt);
  EXPECT_TRUE(Keyring::open(theirs, bytes, keyring->public_key()).ok());
}

TEST(Keyring, NeedsAPinnedSignerThatIsAKey) {
  Stored stored;
  EXPECT_EQ(code_of(Keyring::open(stored.token, stored.bytes, {})), ErrorCode::invalid_argument);
}

TEST(Keyring, RefusesATokenOfAnotherSerial) {
  Stored stored;
  FakeToken other(FakeToken::Options{.serial = "fake-0002", .seed = 7});
  EXPECT_EQ(code_of(Keyring::open(other, stored.bytes, stored.signer)), ErrorCode::precondition);
}

TEST(Keyring, RefusesATokenThatOnlyClaimsTheSerial) {
  Stored stored;
  FakeToken empty;
  EXPECT_EQ(code_of(Keyring::open(empty, stored.bytes, stored.signer)), ErrorCode::unavailable);

  FakeToken with_own_keys;
  must(with_own_keys.generate(pkcs11::KeyRole::sign, sign_ref(id(1), 1), "sign"));
  must(with_own_keys.generate(pkcs11::KeyRole::kek, kek_ref(id(1), 1), "kek"));
  EXPECT_EQ(code_of(Keyring::open(with_own_keys, stored.bytes, stored.signer)),
            ErrorCode::precondition);
  EXPECT_EQ(with_own_keys.calls(FakeToken::Method::unwrap), 0U);
}

TEST(Keyring, RefusesATokenThatReplaysASignature) {
  Stored stored;
  stored.token.set_fixed_signature(Bytes(stored.bytes.end() - 64, stored.bytes.end()));
  EXPECT_EQ(code_of(stored.open()), ErrorCode::precondition);
}

TEST(Keyring, RefusesKeysWhoseAttributesDrifted) {
  for (const bool kek : {true, false}) {
    Stored stored;
    stored.token.spoil(kek ? kek_ref(id(1), 1) : sign_ref(id(1), 1), "CKA_EXTRACTABLE");
    EXPECT_EQ(code_of(stored.open()), ErrorCode::precondition);
  }
}

TEST(Keyring, AKeyThatCantBeFoundMeansUnavailable) {
  for (const bool kek : {true, false}) {
    Stored stored;
    stored.token.forget(kek ? kek_ref(id(1), 1) : sign_ref(id(1), 1));
    EXPECT_EQ(code_of(stored.open()), ErrorCode::unavailable);
  }
}

TEST(Keyring, OpensOnceTheTokenIsBack) {
  Stored stored;
  stored.token.pull();
  EXPECT_EQ(code_of(stored.open()), ErrorCode::unavailable);
  EXPECT_EQ(code_of(stored.keyring->store()), ErrorCode::unavailable);
  stored.token.insert();
  EXPECT_TRUE(stored.open().ok());
}

TEST(Keyring, GivesEachFailureOfTheTokenBack) {
  using Method = FakeToken::Method;
  for (const auto& [method, calls] : std::map<Method, std::size_t>{
           {Method::info, 1}, {Method::verify, 2}, {Method::sign, 1}, {Method::unwrap, 1}}) {
    for (std::size_t n = 1; n <= calls; ++n) {
      Stored stored;
      stored.token.fail_nth(method, n, make_error(ErrorCode::resource_exhausted, "no session"));
      EXPECT_EQ(code_of(stored.open()), ErrorCode::resource_exhausted);
      EXPECT_TRUE(stored.open().ok());
    }
  }
}

TEST(Keyring, CreateGivesEachFailureOfTheTokenBack) {
  using Method = FakeToken::Method;
  const std::map<Method, std::size_t> calls = {{Method::info, 1},       {Method::generate, 2},
                                               {Method::public_key, 1}, {Method::verify, 2},
                                               {Method::sign, 1},       {Method::random, 6}};
  for (const auto& [method, count] : calls) {
    for (std::size_t n = 1; n <= count; ++n) {
      FakeToken token;
      token.fail_nth(method, n, make_error(ErrorCode::resource_exhausted, "no session"));
      EXPECT_EQ(code_of(Keyring::create(token, id(1))), ErrorCode::resource_exhausted);
    }
  }
}

TEST(Keyring, IsMadeOnceForAVaultAndAToken) {
  Stored stored;
  EXPECT_EQ(code_of(Keyring::create(stored.token, id(1))), ErrorCode::conflict);
}

TEST(Keyring, IsNotStoredWithASignatureThatDoesntVerify) {
  Stored stored;
  stored.token.set_fixed_signature(Bytes(64, 1));
  EXPECT_EQ(code_of(stored.keyring->store()), ErrorCode::unavailable);
}

TEST(Keyring, SignsWithTheTokensKey) {
  Stored stored;
  const Bytes signature = must(stored.keyring->sign(as_bytes("message")));
  EXPECT_TRUE(
      crypto::verify_p256(stored.keyring->public_key(), as_bytes("message"), signature).ok());
  EXPECT_EQ(to_bytes(stored.keyring->public_key()), stored.keyring->token().sign_public_key);
}

TEST(KeyRefs, TellVaultRoleAndVersionApart) {
  EXPECT_EQ(to_hex(kek_ref(id(0xab), 1).id), "abababababababababababababababab6b00000001");
  EXPECT_EQ(to_hex(sign_ref(id(0xab), 0x01020304).id),
            "abababababababababababababababab7301020304");
}

TEST(KeyringFormat, OpensTheWorkedExample) {
  const auto token = golden_token();
  const auto keyring = golden_keyring(*token);
  ASSERT_NE(keyring, nullptr);
  EXPECT_EQ(keyring->vault(), golden_id("vault"));
  EXPECT_EQ(keyring->token().id, golden_id("token"));
  EXPECT_EQ(keyring->current_version(KeyName::record), 2U);
  EXPECT_EQ(key_hex(*keyring, KeyName::record, 2), to_hex(golden("record_key")));
  EXPECT_EQ(key_hex(*keyring, KeyName::bind), to_hex(golden("bind_key")));
  EXPECT_EQ(key_hex(*keyring, KeyName::name), to_hex(golden("name_key")));
}

std::vector<VersionedKey> keys_of(const Bytes& list) {
  std::vector<VersionedKey> keys;
  Reader in(list);
  while (in.remaining() > 0) {
    VersionedKey entry;
    entry.name = static_cast<KeyName>(must(in.u8()));
    entry.version = must(in.u32());
    entry.key = must(SecureBytes::copy_of(must(in.raw(32))));
    keys.push_back(std::move(entry));
  }
  return keys;
}

KeyringToken example_token() {
  KeyringToken entry;
  entry.token.id = golden_id("token");
  entry.token.serial = golden_text("serial");
  entry.token.sign_public_key = golden("sign_public_key");
  entry.algorithm = pkcs11::kWrapAesGcm;
  entry.wrapped = golden("keyring_wrapped");
  return entry;
}

/// The body of the worked example, with other keys or tokens.
Bytes body_with(std::span<const KeyringToken> tokens, const std::vector<VersionedKey>& keys) {
  std::array<std::uint8_t, 12> iv{};
  std::copy_n(golden("keyring_iv").begin(), iv.size(), iv.begin());
  return to_bytes(as_bytes(must(
      pack_keyring(golden_id("vault"), tokens, keys, golden("keyring_key"), iv, kKeyringFormat1))));
}

TEST(KeyringFormat, MakesTheWorkedExample) {
  const KeyringToken tokens[] = {example_token()};
  const Bytes& whole = golden("keyring");
  EXPECT_EQ(body_with(tokens, keys_of(golden("keyring_list"))),
            Bytes(whole.begin(), whole.end() - 64));
}

TEST(KeyringFormat, MakesTheWorkedExampleOfFormat2) {
  KeyringToken tokens[] = {example_token(), example_token()};
  const WallTime installed{std::chrono::seconds(1'790'000'000)};
  tokens[0].token.kek_version = 3;
  tokens[0].token.old_keks = {1, 2};
  tokens[0].token.sign_version = 2;
  tokens[0].token.label = "main";
  tokens[0].token.kek_installed = installed;
  tokens[0].wrapped = golden("keyring2_wrapped");
  tokens[1].token.id = golden_id("keyring2_other_token");
  tokens[1].token.serial = "fedcba9876543210";
  tokens[1].token.label = "in the safe";
  tokens[1].token.sign_public_key = golden("keyring2_other_sign");
  tokens[1].token.kek_public_key = golden("keyring2_other_kek");
  tokens[1].token.kek_installed = installed;
  tokens[1].algorithm = pkcs11::kWrapRsaOaepSha256;
  tokens[1].wrapped = golden("keyring2_other_wrapped");
  std::array<std::uint8_t, 12> iv{};
  std::copy_n(golden("keyring2_iv").begin(), iv.size(), iv.begin());
  const Bytes& whole = golden("keyring2");
  EXPECT_EQ(
      to_hex(as_bytes(must(pack_keyring(golden_id("vault"), tokens, keys_of(golden("keyring_list")),
                                        golden("keyring2_key"), iv)))),
      to_hex(ByteView(whole).first(whole.size() - 64)));
}

TEST(KeyringFormat, OpensTheWorkedExampleOfFormat2) {
  const auto token = golden_token(3, 2);
  const auto keyring = must(Keyring::open(*token, golden("keyring2"), golden("sign_public_key")));
  ASSERT_NE(keyring, nullptr);
  EXPECT_EQ(keyring->token().kek_version, 3U);
  EXPECT_EQ(keyring->token().old_keks, (std::vector<std::uint32_t>{1, 2}));
  EXPECT_EQ(keyring->token().label, "main");
  EXPECT_EQ(keyring->token().kek_installed, WallTime(std::chrono::seconds(1'790'000'000)));
  ASSERT_EQ(keyring->tokens().size(), 2U);
  EXPECT_EQ(keyring->tokens()[1].kek_public_key, golden("keyring2_other_kek"));
  EXPECT_EQ(keyring->tokens()[1].algorithm, pkcs11::kWrapRsaOaepSha256);
  EXPECT_EQ(key_hex(*keyring, KeyName::bind), to_hex(golden("bind_key")));
}

/// The first `sign` key is pinned still; the second one signed.
TEST(KeyringFormat, FollowsTheWorkedExampleOfAnnouncements) {
  const auto token = golden_token(3, 2);
  const Bytes& pinned = golden("first_sign_public_key");
  EXPECT_TRUE(Keyring::open(*token, golden("keyring2"), pinned, golden("signers")).ok());
  EXPECT_EQ(code_of(Keyring::open(*token, golden("keyring2"), pinned)), ErrorCode::corrupt);
  Bytes signers = golden("signers");
  for (std::size_t at = 0; at < signers.size(); ++at) {
    signers[at] ^= 0x01U;
    EXPECT_EQ(code_of(Keyring::open(*token, golden("keyring2"), pinned, signers)),
              ErrorCode::corrupt)
        << at;
    signers[at] ^= 0x01U;
  }
  for (std::size_t size = 1; size < signers.size(); ++size) {
    EXPECT_EQ(
        code_of(Keyring::open(*token, golden("keyring2"), pinned, ByteView(signers).first(size))),
        ErrorCode::corrupt)
        << size;
  }
}

TEST(KeyringFormat, EveryFlippedByteOfFormat2FailsOrIsForPeopleAlone) {
  const auto token = golden_token(3, 2);
  const Bytes& whole = golden("keyring2");
  Bytes body(whole.begin(), whole.end() - 64);
  std::size_t opened = 0;
  for (std::size_t at = 0; at < body.size(); ++at) {
    body[at] ^= 0x01U;
    Bytes stored = body;
    const Bytes signature = must(
        token->sign(sign_ref(golden_id("vault"), 2), as_bytes(keyring_signature_message(body))));
    stored.insert(stored.end(), signature.begin(), signature.end());
    // All of the header is additional data of the list of keys.
    if (Keyring::open(*token, stored, golden("sign_public_key")).ok()) ++opened;
    body[at] ^= 0x01U;
  }
  EXPECT_EQ(opened, 0U);
}

TEST(KeyringFormat, RefusesOldKeksThatArentBeforeTheCurrentOneInOrder) {
  const auto token = golden_token();
  const auto keys = keys_of(golden("keyring_list"));
  for (const std::vector<std::uint32_t>& old :
       std::vector<std::vector<std::uint32_t>>{{0}, {1}, {2}, {1, 1}, {2, 1}}) {
    KeyringToken entry = example_token();
    entry.token.old_keks = old;
    std::array<std::uint8_t, 12> iv{};
    const std::string body =
        must(pack_keyring(golden_id("vault"), {&entry, 1}, keys, golden("keyring_key"), iv));
    EXPECT_EQ(code_of(parse_keyring(as_bytes(body))), ErrorCode::corrupt);
  }
}

/// Signs what it is given with the right key: what is left is the reading of the body.
Result<std::unique_ptr<Keyring>> open_signed(FixedToken& token, const Bytes& body) {
  Bytes stored = body;
  const Bytes signature =
      must(token.sign(sign_ref(golden_id("vault"), 1), as_bytes(keyring_signature_message(body))));
  stored.insert(stored.end(), signature.begin(), signature.end());
  return Keyring::open(token, stored, golden("sign_public_key"));
}

TEST(KeyringFormat, EveryFlippedByteFailsEvenIfItWereSigned) {
  const auto token = golden_token();
  const Bytes& whole = golden("keyring");
  Bytes body(whole.begin(), whole.end() - 64);
  ASSERT_TRUE(open_signed(*token, body).ok());
  for (std::size_t at = 0; at < body.size(); ++at) {
    body[at] ^= 0x01U;
    EXPECT_FALSE(open_signed(*token, body).ok()) << at;
    body[at] ^= 0x01U;
  }
}

TEST(KeyringFormat, EveryTruncationIsCorruptEvenIfItWereSigned) {
  const auto token = golden_token();
  const Bytes& whole = golden("keyring");
  for (std::size_t size = 1; size < whole.size() - 64; ++size) {
    const Bytes body(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(code_of(open_signed(*token, body)), ErrorCode::corrupt) << size;
  }
}

TEST(KeyringFormat, RefusesListsThatArentInOrderOrLackAKey) {
  const auto token = golden_token();
  const KeyringToken tokens[] = {example_token()};
  const std::size_t count = keys_of(golden("keyring_list")).size();
  for (std::size_t at = 0; at < count; ++at) {
    auto lacking = keys_of(golden("keyring_list"));
    lacking.erase(lacking.begin() + static_cast<std::ptrdiff_t>(at));
    // Either version of the record key may be missing, none of the others.
    EXPECT_EQ(open_signed(*token, body_with(tokens, lacking)).ok(), at < 2) << at;
  }
  for (std::size_t at = 1; at < count; ++at) {
    auto swapped = keys_of(golden("keyring_list"));
    std::swap(swapped[at - 1], swapped[at]);
    EXPECT_EQ(code_of(open_signed(*token, body_with(tokens, swapped))), ErrorCode::corrupt) << at;
    auto doubled = keys_of(golden("keyring_list"));
    doubled[at].name = doubled[at - 1].name;
    doubled[at].version = doubled[at - 1].version;
    EXPECT_EQ(code_of(open_signed(*token, body_with(tokens, doubled))), ErrorCode::corrupt) << at;
  }
}

TEST(KeyringFormat, RefusesNamesThatItDoesntKnow) {
  const auto token = golden_token();
  const KeyringToken tokens[] = {example_token()};
  auto keys = keys_of(golden("keyring_list"));
  keys.push_back({static_cast<KeyName>(7), 1, must(crypto::random_secret(32))});
  EXPECT_EQ(code_of(open_signed(*token, body_with(tokens, keys))), ErrorCode::corrupt);
}

TEST(KeyringFormat, RefusesWrappedKeysOfAnotherLengthOrAlgorithm) {
  const auto token = golden_token();
  const auto keys = keys_of(golden("keyring_list"));
  KeyringToken longer = example_token();
  longer.wrapped.push_back(0);
  EXPECT_EQ(code_of(open_signed(*token, body_with({&longer, 1}, keys))), ErrorCode::corrupt);
  KeyringToken other = example_token();
  other.algorithm = "aes-cbc";
  EXPECT_EQ(code_of(open_signed(*token, body_with({&other, 1}, keys))), ErrorCode::corrupt);
}

/// It has no public half, so what is wrapped to it can't be made anew: it stays good.
TEST(KeyringFormat, StoredWithOneOfTwoTokensItKeepsWhatTheOtherOneOpens) {
  const auto token = golden_token();
  KeyringToken tokens[] = {example_token(), example_token()};
  tokens[0].token.id = id(5);
  tokens[0].token.serial = "another";
  const auto keyring =
      must(open_signed(*token, body_with(tokens, keys_of(golden("keyring_list")))));
  ASSERT_NE(keyring, nullptr);
  EXPECT_EQ(keyring->token().id, golden_id("token"));
  const Bytes stored = must(keyring->store());
  const auto parsed = must(parse_keyring(must(split_keyring(stored, 64)).body));
  ASSERT_EQ(parsed.tokens.size(), 2U);
  EXPECT_EQ(parsed.tokens[0].wrapped, tokens[0].wrapped);
  EXPECT_NE(parsed.tokens[1].wrapped, tokens[1].wrapped);
  EXPECT_TRUE(open_keys(parsed, golden("keyring_key")).ok()) << "the same keyring key";
}

}  // namespace
}  // namespace coffer::envelope
