// What every pkcs11::Token promises, as one typed suite. A Subject is default-constructible, has
// `Result<void> start()`, `Result<void> reopen()` (closes the token and opens it again) and
// `pkcs11::Token& token()`, and begins with a token without keys.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "coffer/crypto/signer.h"
#include "coffer/pkcs11/token.h"
#include "coffer/pkcs11/wrap.h"

namespace coffer::contract {

using pkcs11::KeyRef;
using pkcs11::KeyRole;

inline KeyRef key_ref(std::string_view name) { return {to_bytes(as_bytes(name))}; }

inline SecureBytes secret(std::string_view text) {
  auto copy = SecureBytes::copy_of(as_bytes(text));
  return copy ? std::move(*copy) : SecureBytes();
}

inline std::string reveal(const SecureBytes& bytes) {
  return std::string(as_text(bytes.expose(Reveal{"a test compares"})));
}

template <typename T>
std::string_view code_of(const Result<T>& result) {
  return result.ok() ? "ok" : to_string(result.error().code);
}

inline constexpr std::string_view kDataKey = "0123456789abcdef0123456789abcdef";

/// tpm2-pkcs11 1.9 holds a key for in use once an operation with it failed, until it is initialised
/// anew: a key that was proven by a tampered wrap isn't destroyed before the token is opened again.
template <typename Subject>
constexpr bool destroys_at_once() {
  if constexpr (requires { Subject::kDestroysOnlyAfterReopening; }) return false;
  return true;
}

/// What a make that holds no data objects says of itself.
template <typename Subject>
constexpr bool holds_data() {
  if constexpr (requires { Subject::kHoldsNoData; }) return false;
  return true;
}

template <typename Subject>
class TokenContract : public testing::Test {
 protected:
  void SetUp() override {
    const auto started = subject_.start();
    ASSERT_TRUE(started.ok()) << describe(started.error());
  }
  pkcs11::Token& token() { return subject_.token(); }

  void generate(KeyRole role, const KeyRef& key) {
    const auto made = token().generate(role, key, "contract");
    ASSERT_TRUE(made.ok()) << describe(made.error());
  }
  /// A blob wrapped under a fresh kek.
  Bytes wrapped() {
    generate(KeyRole::kek, kek_);
    auto blob = token().wrap(kek_, secret(kDataKey), aad_);
    EXPECT_TRUE(blob.ok()) << describe(blob.error());
    return blob ? *blob : Bytes{};
  }

  /// What a kek of this token says of itself. Precondition: kek_ is there.
  pkcs11::KekInfo kek_info() {
    auto info = token().describe_kek(kek_);
    EXPECT_TRUE(info.ok()) << describe(info.error());
    return info ? *std::move(info) : pkcs11::KekInfo{};
  }

  void reopen() {
    const auto opened = subject_.reopen();
    ASSERT_TRUE(opened.ok()) << describe(opened.error());
  }
  /// "none", the value, or the code of the error.
  std::string data(std::string_view label) {
    const auto read = token().read_data(label);
    if (!read.ok()) return std::string(to_string(read.error().code));
    return *read ? "=" + std::string(as_text(**read)) : "none";
  }
  std::string write(std::string_view label, std::string_view value) {
    const auto written = token().write_data(label, as_bytes(value));
    return written.ok() ? "ok" : describe(written.error());
  }

  const KeyRef kek_ = key_ref("kek-1");
  const KeyRef sign_ = key_ref("sign-1");
  const Bytes aad_ = to_bytes(as_bytes("vault, record, token, kek version"));

 private:
  Subject subject_;
};

TYPED_TEST_SUITE_P(TokenContract);

TYPED_TEST_P(TokenContract, TellsWhoItIs) {
  const auto info = this->token().info();
  ASSERT_TRUE(info.ok()) << describe(info.error());
  EXPECT_TRUE(!info->serial.empty() && !info->label.empty() && info->label.back() != ' ');
}

TYPED_TEST_P(TokenContract, AGeneratedKeyVerifiesInItsRoleOnly) {
  this->generate(KeyRole::kek, this->kek_);
  this->generate(KeyRole::sign, this->sign_);
  EXPECT_EQ(code_of(this->token().verify(KeyRole::kek, this->kek_)), "ok");
  EXPECT_EQ(code_of(this->token().verify(KeyRole::sign, this->sign_)), "ok");
  EXPECT_EQ(code_of(this->token().verify(KeyRole::sign, this->kek_)), "not_found");
  EXPECT_EQ(code_of(this->token().verify(KeyRole::kek, this->sign_)), "not_found");
}

TYPED_TEST_P(TokenContract, AKeysAttributesAreReadBack) {
  this->generate(KeyRole::kek, this->kek_);
  const auto all = this->token().attributes(KeyRole::kek, this->kek_);
  const pkcs11::KeyAttribute stays{"CKA_EXTRACTABLE", "false"};
  EXPECT_TRUE(all.ok() && std::count(all->begin(), all->end(), stays) == 1);
  EXPECT_EQ(code_of(this->token().attributes(KeyRole::sign, this->kek_)), "not_found");
  const auto keys = this->token().list_keys();
  const auto is_it = [&](const pkcs11::ListedKey& key) { return key.id == this->kek_.id; };
  EXPECT_TRUE(keys.ok() && std::ranges::count_if(keys->keys, is_it) == 1);
}

TYPED_TEST_P(TokenContract, AnIdIsTakenOnceWhateverTheRole) {
  this->generate(KeyRole::kek, this->kek_);
  EXPECT_EQ(code_of(this->token().generate(KeyRole::kek, this->kek_, "again")), "conflict");
  EXPECT_EQ(code_of(this->token().generate(KeyRole::sign, this->kek_, "again")), "conflict");
  EXPECT_EQ(code_of(this->token().verify(KeyRole::kek, this->kek_)), "ok");
}

TYPED_TEST_P(TokenContract, AnEmptyIdIsRefused) {
  EXPECT_EQ(code_of(this->token().generate(KeyRole::kek, KeyRef{}, "x")), "invalid_argument");
  EXPECT_EQ(code_of(this->token().verify(KeyRole::kek, KeyRef{})), "invalid_argument");
}

TYPED_TEST_P(TokenContract, UnknownKeysAreNotFound) {
  const KeyRef missing = key_ref("missing");
  EXPECT_EQ(code_of(this->token().verify(KeyRole::kek, missing)), "not_found");
  EXPECT_EQ(code_of(this->token().wrap(missing, secret(kDataKey), this->aad_)), "not_found");
  EXPECT_EQ(code_of(this->token().unwrap(missing, Bytes(60, 7), this->aad_)), "not_found");
  EXPECT_EQ(code_of(this->token().sign(missing, this->aad_)), "not_found");
  EXPECT_EQ(code_of(this->token().public_key(missing)), "not_found");
}

TYPED_TEST_P(TokenContract, WrapsAndUnwraps) {
  const Bytes blob = this->wrapped();
  EXPECT_TRUE(pkcs11::is_wrapped_size(this->kek_info().algorithm, kDataKey.size(), blob.size()));
  const auto opened = this->token().unwrap(this->kek_, blob, this->aad_);
  ASSERT_TRUE(opened.ok()) << describe(opened.error());
  EXPECT_EQ(reveal(*opened), kDataKey);
}

TYPED_TEST_P(TokenContract, WrapsEverySizeUpToTheLimit) {
  this->generate(KeyRole::kek, this->kek_);
  const std::size_t most = pkcs11::max_wrap_size(this->kek_info());
  ASSERT_GE(most, kDataKey.size());
  for (const std::size_t size : {std::size_t{1}, std::size_t{15}, std::size_t{16}, std::size_t{17},
                                 std::size_t{32}, std::size_t{1000}, most}) {
    if (size > most) continue;
    const std::string plain(size, 'x');
    const auto blob = this->token().wrap(this->kek_, secret(plain), this->aad_);
    ASSERT_TRUE(blob.ok()) << size << describe(blob.error());
    const auto opened = this->token().unwrap(this->kek_, *blob, this->aad_);
    ASSERT_TRUE(opened.ok()) << size << describe(opened.error());
    EXPECT_EQ(reveal(*opened), plain) << size;
  }
  const std::string beyond(most + 1, 'x');
  EXPECT_EQ(code_of(this->token().wrap(this->kek_, secret(beyond), this->aad_)), "too_large");
  EXPECT_EQ(code_of(this->token().wrap(this->kek_, SecureBytes(), this->aad_)), "invalid_argument");
}

TYPED_TEST_P(TokenContract, TheSameKeyWrapsDifferentlyEachTime) {
  this->generate(KeyRole::kek, this->kek_);
  std::set<Bytes> ivs;
  for (int i = 0; i < 64; ++i) {
    const auto blob = this->token().wrap(this->kek_, secret(kDataKey), this->aad_);
    ASSERT_TRUE(blob.ok()) << describe(blob.error());
    ivs.insert(Bytes(blob->begin(), blob->begin() + 12));
  }
  EXPECT_EQ(ivs.size(), 64U);
}

TYPED_TEST_P(TokenContract, EveryByteFlippedIsCorrupt) {
  const Bytes blob = this->wrapped();
  for (std::size_t i = 0; i < blob.size(); ++i) {
    Bytes tampered = blob;
    tampered[i] ^= 1U;
    EXPECT_EQ(code_of(this->token().unwrap(this->kek_, tampered, this->aad_)), "corrupt") << i;
  }
  EXPECT_EQ(code_of(this->token().unwrap(this->kek_, blob, this->aad_)), "ok");
}

TYPED_TEST_P(TokenContract, EveryTruncationAndAnExtraByteAreCorrupt) {
  const Bytes blob = this->wrapped();
  for (std::size_t size = 0; size < blob.size(); ++size) {
    const ByteView cut = ByteView(blob).first(size);
    EXPECT_EQ(code_of(this->token().unwrap(this->kek_, cut, this->aad_)), "corrupt") << size;
  }
  Bytes longer = blob;
  longer.push_back(0);
  EXPECT_EQ(code_of(this->token().unwrap(this->kek_, longer, this->aad_)), "corrupt");
  const Bytes huge(pkcs11::kMaxWrapSize + 29, 1);
  EXPECT_EQ(code_of(this->token().unwrap(this->kek_, huge, this->aad_)), "corrupt");
}

TYPED_TEST_P(TokenContract, AnotherContextIsCorruptAndNoneIsRefused) {
  const Bytes blob = this->wrapped();
  for (std::size_t i = 0; i < this->aad_.size(); ++i) {
    Bytes other = this->aad_;
    other[i] ^= 0x80U;
    EXPECT_EQ(code_of(this->token().unwrap(this->kek_, blob, other)), "corrupt") << i;
  }
  EXPECT_EQ(code_of(this->token().unwrap(this->kek_, blob, {})), "invalid_argument");
  EXPECT_EQ(code_of(this->token().wrap(this->kek_, secret(kDataKey), {})), "invalid_argument");
}

TYPED_TEST_P(TokenContract, AnotherKeyIsCorrupt) {
  const Bytes blob = this->wrapped();
  const KeyRef other = key_ref("kek-2");
  this->generate(KeyRole::kek, other);
  EXPECT_EQ(code_of(this->token().unwrap(other, blob, this->aad_)), "corrupt");
}

TYPED_TEST_P(TokenContract, ASigningKeyNeitherWrapsNorAKekSigns) {
  this->generate(KeyRole::kek, this->kek_);
  this->generate(KeyRole::sign, this->sign_);
  EXPECT_EQ(code_of(this->token().wrap(this->sign_, secret(kDataKey), this->aad_)), "not_found");
  EXPECT_EQ(code_of(this->token().sign(this->kek_, this->aad_)), "not_found");
  EXPECT_EQ(code_of(this->token().public_key(this->kek_)), "not_found");
}

TYPED_TEST_P(TokenContract, ADestroyedKeyIsGoneAndNoOther) {
  const Bytes blob = this->wrapped();
  const KeyRef other = key_ref("kek-2");
  this->generate(KeyRole::kek, other);
  this->generate(KeyRole::sign, this->sign_);
  EXPECT_EQ(code_of(this->token().destroy(KeyRole::sign, this->kek_)), "not_found");
  EXPECT_EQ(code_of(this->token().destroy(KeyRole::kek, this->sign_)), "not_found");
  EXPECT_EQ(code_of(this->token().destroy(KeyRole::kek, KeyRef{})), "invalid_argument");
  if constexpr (!destroys_at_once<TypeParam>()) {
    EXPECT_EQ(code_of(this->token().destroy(KeyRole::kek, this->kek_)), "unavailable");
    return;
  }
  EXPECT_EQ(code_of(this->token().destroy(KeyRole::kek, other)), "ok");
  EXPECT_EQ(code_of(this->token().verify(KeyRole::kek, other)), "not_found");
  EXPECT_EQ(code_of(this->token().wrap(other, secret(kDataKey), this->aad_)), "not_found");
  EXPECT_EQ(code_of(this->token().destroy(KeyRole::kek, other)), "not_found");
  EXPECT_EQ(code_of(this->token().destroy(KeyRole::sign, this->sign_)), "ok");
  EXPECT_EQ(code_of(this->token().public_key(this->sign_)), "not_found");
  EXPECT_EQ(code_of(this->token().unwrap(this->kek_, blob, this->aad_)), "ok");
}

TYPED_TEST_P(TokenContract, AnIdIsFreeAgainOnceItsKeyIsDestroyed) {
  const Bytes blob = this->wrapped();
  if constexpr (!destroys_at_once<TypeParam>()) {
    EXPECT_EQ(code_of(this->token().destroy(KeyRole::kek, this->kek_)), "unavailable");
    EXPECT_EQ(code_of(this->token().generate(KeyRole::kek, this->kek_, "again")), "conflict");
    return;
  }
  const auto destroyed = this->token().destroy(KeyRole::kek, this->kek_);
  EXPECT_TRUE(destroyed.ok()) << describe(destroyed.error());
  this->generate(KeyRole::kek, this->kek_);
  EXPECT_EQ(code_of(this->token().unwrap(this->kek_, blob, this->aad_)), "corrupt");
}

/// Whoever has the public half wraps without the token, and the token opens it.
TYPED_TEST_P(TokenContract, WhatThePublicHalfWrapsTheTokenOpens) {
  this->generate(KeyRole::kek, this->kek_);
  const pkcs11::KekInfo kek = this->kek_info();
  const auto blob = pkcs11::wrap_on_host(kek, secret(kDataKey), this->aad_);
  if (kek.public_key.empty()) {
    EXPECT_EQ(code_of(blob), "invalid_argument");
    return;
  }
  ASSERT_TRUE(blob.ok()) << describe(blob.error());
  const auto opened = this->token().unwrap(this->kek_, *blob, this->aad_);
  ASSERT_TRUE(opened.ok()) << describe(opened.error());
  EXPECT_EQ(reveal(*opened), kDataKey);
}

/// An algorithm of a key pair comes with its public half, one of a secret key with nothing.
TYPED_TEST_P(TokenContract, AKekSaysHowItWraps) {
  EXPECT_EQ(code_of(this->token().describe_kek(this->kek_)), "not_found");
  this->generate(KeyRole::kek, this->kek_);
  this->generate(KeyRole::sign, this->sign_);
  const auto kek = this->token().describe_kek(this->kek_);
  ASSERT_TRUE(kek.ok()) << describe(kek.error());
  EXPECT_EQ(kek->public_key.empty(), kek->algorithm == pkcs11::kWrapAesGcm);
  EXPECT_FALSE(kek->algorithm.empty());
  EXPECT_EQ(code_of(this->token().describe_kek(this->sign_)), "not_found");
}

TYPED_TEST_P(TokenContract, SignaturesVerifyUnderThePublicKeyAlone) {
  this->generate(KeyRole::sign, this->sign_);
  this->generate(KeyRole::sign, key_ref("sign-2"));
  const auto spki = this->token().public_key(this->sign_);
  const auto other = this->token().public_key(key_ref("sign-2"));
  ASSERT_TRUE(spki.ok() && other.ok());
  EXPECT_NE(*spki, *other);
  for (const std::size_t size : {0U, 1U, 31U, 32U, 33U, 1U << 20U}) {
    const Bytes message(size, 'm');
    const auto signature = this->token().sign(this->sign_, message);
    ASSERT_TRUE(signature.ok()) << describe(signature.error());
    EXPECT_EQ(signature->size(), *crypto::signature_size(*spki));
    EXPECT_EQ(code_of(crypto::verify(*spki, message, *signature)), "ok") << size;
    EXPECT_NE(code_of(crypto::verify(*other, message, *signature)), "ok") << size;
    Bytes changed = message;
    changed.push_back('!');
    EXPECT_NE(code_of(crypto::verify(*spki, changed, *signature)), "ok") << size;
  }
}

TYPED_TEST_P(TokenContract, RandomBytesHaveTheLengthAskedAndDiffer) {
  std::set<std::string> seen;
  for (const std::size_t size : {std::size_t{16}, std::size_t{32}, std::size_t{33},
                                 std::size_t{1000}, pkcs11::kMaxRandomSize}) {
    for (int i = 0; i < 4; ++i) {
      const auto bytes = this->token().random(size);
      ASSERT_TRUE(bytes.ok()) << describe(bytes.error());
      EXPECT_EQ(bytes->size(), size);
      seen.insert(reveal(*bytes));
    }
  }
  EXPECT_EQ(seen.size(), 20U);
  const auto none = this->token().random(0);
  ASSERT_TRUE(none.ok());
  EXPECT_TRUE(none->empty());
  EXPECT_EQ(code_of(this->token().random(pkcs11::kMaxRandomSize + 1)), "too_large");
}

TYPED_TEST_P(TokenContract, SixteenThreadsAtOnce) {
  const Bytes blob = this->wrapped();
  this->generate(KeyRole::sign, this->sign_);
  const auto spki = this->token().public_key(this->sign_);
  ASSERT_TRUE(spki.ok());
  const int rounds = this->kek_info().public_key.empty() ? 40 : 8;  // RSA: 100 times slower
  std::vector<std::map<std::string_view, int>> told(16);            // by each thread
  std::vector<std::thread> threads;
  for (auto& mine : told) {
    threads.emplace_back([&] {
      for (int i = 0; i < rounds; ++i) {
        const auto opened = this->token().unwrap(this->kek_, blob, this->aad_);
        ++mine[opened && reveal(*opened) != kDataKey ? "other bytes" : code_of(opened)];
        ++mine[code_of(this->token().wrap(this->kek_, secret("abc"), this->aad_))];
        const auto signature = this->token().sign(this->sign_, blob);
        const bool good = !signature || crypto::verify(*spki, blob, *signature);
        ++mine[good ? code_of(signature) : "bad signature"];
        Bytes tampered = blob;
        tampered[static_cast<std::size_t>(i)] ^= 4U;
        ++mine[code_of(this->token().unwrap(this->kek_, tampered, this->aad_))];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const decltype(told) wanted(16, {{"ok", 3 * rounds}, {"corrupt", rounds}});
  EXPECT_EQ(told, wanted);
}

TYPED_TEST_P(TokenContract, OfManyGeneratorsOfOneIdAtMostOneWins) {
  std::atomic<int> made{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      if (this->token().generate(KeyRole::kek, this->kek_, "race")) ++made;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(made.load(), 1);
  EXPECT_EQ(code_of(this->token().verify(KeyRole::kek, this->kek_)), "ok");
}

TYPED_TEST_P(TokenContract, DataIsReadAsItWasWrittenLast) {
  if constexpr (!holds_data<TypeParam>()) {
    EXPECT_EQ(this->data("a/0"), "unsupported");
    EXPECT_EQ(code_of(this->token().write_data("a/0", as_bytes("x"))), "unsupported");
    return;
  }
  EXPECT_EQ(this->data("a/0"), "none");
  const std::string longest(pkcs11::kMaxDataSize, 'v');
  for (const std::string& value :
       {std::string("one"), std::string("one and more"), std::string("1"),
        std::string("\0\xff\0", 3), longest, std::string("after")}) {
    EXPECT_EQ(this->write("a/0", value), "ok");
    EXPECT_EQ(this->data("a/0"), "=" + value);
  }
}

TYPED_TEST_P(TokenContract, AnEmptyValueIsNotNone) {
  if constexpr (!holds_data<TypeParam>()) return;
  EXPECT_EQ(this->write("empty", ""), "ok");
  EXPECT_EQ(this->data("empty"), "=");
  EXPECT_EQ(this->write("empty", "full"), "ok");
  EXPECT_EQ(this->data("empty"), "=full");
  EXPECT_EQ(this->write("empty", ""), "ok");
  EXPECT_EQ(this->data("empty"), "=");
}

TYPED_TEST_P(TokenContract, DataOfTwoLabelsDontMeet) {
  if constexpr (!holds_data<TypeParam>()) return;
  const std::string longest(pkcs11::kMaxDataLabel, 'l');
  EXPECT_EQ(this->write("a/0", "zero"), "ok");
  EXPECT_EQ(this->data("a/1"), "none");
  EXPECT_EQ(this->data("a/"), "none");
  EXPECT_EQ(this->data("a/00"), "none");
  EXPECT_EQ(this->write("a/1", "one"), "ok");
  EXPECT_EQ(this->write(longest, "long"), "ok");
  EXPECT_EQ(this->write("a/1", "one again"), "ok");
  EXPECT_EQ(this->data("a/0"), "=zero");
  EXPECT_EQ(this->data("a/1"), "=one again");
  EXPECT_EQ(this->data(longest), "=long");
}

TYPED_TEST_P(TokenContract, DataAndKeysDontMeet) {
  if constexpr (!holds_data<TypeParam>()) return;
  this->generate(KeyRole::kek, this->kek_);
  EXPECT_EQ(this->data("contract"), "none") << "the label of a key";
  EXPECT_EQ(this->write("contract", "value"), "ok");
  EXPECT_EQ(code_of(this->token().verify(KeyRole::kek, this->kek_)), "ok");
}

TYPED_TEST_P(TokenContract, DataSurvivesAReopening) {
  ASSERT_NO_FATAL_FAILURE(this->reopen());
  if constexpr (!holds_data<TypeParam>()) return;
  EXPECT_EQ(this->write("a/0", "first"), "ok");
  EXPECT_EQ(this->write("a/0", "kept"), "ok");
  EXPECT_EQ(this->write("a/1", ""), "ok");
  ASSERT_NO_FATAL_FAILURE(this->reopen());
  EXPECT_EQ(this->data("a/0"), "=kept");
  EXPECT_EQ(this->data("a/1"), "=");
  EXPECT_EQ(this->data("a/2"), "none");
  EXPECT_EQ(this->write("a/0", "anew"), "ok");
  EXPECT_EQ(this->data("a/0"), "=anew");
  ASSERT_NO_FATAL_FAILURE(this->reopen());
  EXPECT_EQ(this->data("a/0"), "=anew");
}

TYPED_TEST_P(TokenContract, WrongLabelsAndLongValuesAreRefusedAndChangeNothing) {
  const Bytes long_value(pkcs11::kMaxDataSize + 1, 'v');
  const Bytes huge(std::size_t{60} << 10U, 'v');
  const std::string longer(pkcs11::kMaxDataLabel + 1, 'l');
  const std::string longest_of_all(5000, 'l');
  for (const std::string& label :
       {std::string(), longer, longest_of_all, std::string("a\n"), std::string("a\0b", 3),
        std::string("\x7f"), std::string("\xc3\xa4")}) {
    EXPECT_EQ(code_of(this->token().read_data(label)), "invalid_argument") << label;
    EXPECT_EQ(code_of(this->token().write_data(label, as_bytes("x"))), "invalid_argument") << label;
  }
  EXPECT_EQ(code_of(this->token().write_data("a/0", long_value)), "too_large");
  EXPECT_EQ(code_of(this->token().write_data("a/0", huge)), "too_large");
  if constexpr (!holds_data<TypeParam>()) return;
  EXPECT_EQ(this->data("a/0"), "none");
  EXPECT_EQ(this->write("a/0", "there"), "ok");
  EXPECT_EQ(code_of(this->token().write_data("a/0", long_value)), "too_large");
  EXPECT_EQ(this->data("a/0"), "=there");
}

/// Whoever isn't told `conflict` has written, and what is there was written by one of them.
TYPED_TEST_P(TokenContract, OfManyWritersOfOneLabelNoTwoMakeAnObject) {
  if constexpr (!holds_data<TypeParam>()) return;
  std::atomic<int> written{0};
  std::atomic<int> refused{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const auto result = this->token().write_data("race", as_bytes(std::to_string(t)));
      if (result.ok()) ++written;
      if (code_of(result) == "conflict") ++refused;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(written.load(), 1);
  EXPECT_EQ(written + refused, 4);
  const std::string left = this->data("race");
  EXPECT_TRUE(left.size() == 2 && left[1] >= '0' && left[1] < '4') << left;
}

REGISTER_TYPED_TEST_SUITE_P(
    TokenContract, TellsWhoItIs, AGeneratedKeyVerifiesInItsRoleOnly, AKeysAttributesAreReadBack,
    AnIdIsTakenOnceWhateverTheRole, AnEmptyIdIsRefused, UnknownKeysAreNotFound, WrapsAndUnwraps,
    WrapsEverySizeUpToTheLimit, TheSameKeyWrapsDifferentlyEachTime, EveryByteFlippedIsCorrupt,
    EveryTruncationAndAnExtraByteAreCorrupt, AnotherContextIsCorruptAndNoneIsRefused,
    AnotherKeyIsCorrupt, ASigningKeyNeitherWrapsNorAKekSigns, ADestroyedKeyIsGoneAndNoOther,
    AnIdIsFreeAgainOnceItsKeyIsDestroyed, WhatThePublicHalfWrapsTheTokenOpens, AKekSaysHowItWraps,
    SignaturesVerifyUnderThePublicKeyAlone, RandomBytesHaveTheLengthAskedAndDiffer,
    SixteenThreadsAtOnce, OfManyGeneratorsOfOneIdAtMostOneWins, DataIsReadAsItWasWrittenLast,
    AnEmptyValueIsNotNone, DataOfTwoLabelsDontMeet, DataAndKeysDontMeet, DataSurvivesAReopening,
    WrongLabelsAndLongValuesAreRefusedAndChangeNothing, OfManyWritersOfOneLabelNoTwoMakeAnObject);

}  // namespace coffer::contract
