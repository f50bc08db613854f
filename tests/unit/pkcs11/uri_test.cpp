#include "pkcs11/src/uri.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstring>

#include "coffer/pkcs11/token.h"

namespace coffer::pkcs11 {
namespace {

template <std::size_t size>
void fill(CK_UTF8CHAR (&field)[size], std::string_view text) {
  std::memset(field, ' ', size);
  std::memcpy(field, text.data(), text.size());
}

CK_TOKEN_INFO token(std::string_view label, std::string_view serial) {
  CK_TOKEN_INFO info{};
  fill(info.label, label);
  fill(info.serialNumber, serial);
  fill(info.manufacturerID, "Maker");
  fill(info.model, "Model");
  return info;
}

ErrorCode refusal(std::string_view text) {
  const auto parsed = TokenUri::parse(text);
  return parsed.ok() ? ErrorCode::internal : parsed.error().code;
}

TEST(TokenUri, MatchesBySerialAndByLabel) {
  const auto by_serial = TokenUri::parse("pkcs11:serial=0001");
  const auto by_label = TokenUri::parse("pkcs11:token=my%20vault");
  const auto by_both = TokenUri::parse("pkcs11:token=my%20vault;serial=0002");
  ASSERT_TRUE(by_serial.ok() && by_label.ok() && by_both.ok());
  EXPECT_TRUE(by_serial->matches(token("my vault", "0001")));
  EXPECT_FALSE(by_serial->matches(token("my vault", "0002")));
  EXPECT_FALSE(by_serial->matches(token("my vault", "00011")));
  EXPECT_TRUE(by_label->matches(token("my vault", "0001")));
  EXPECT_FALSE(by_label->matches(token("my vault 2", "0001")));
  EXPECT_FALSE(by_both->matches(token("my vault", "0001")));
  EXPECT_TRUE(by_both->matches(token("my vault", "0002")));
}

TEST(TokenUri, NarrowsByManufacturerAndModelButNotByThoseAlone) {
  const auto narrowed = TokenUri::parse("pkcs11:serial=1;manufacturer=Other");
  ASSERT_TRUE(narrowed.ok());
  EXPECT_FALSE(narrowed->matches(token("x", "1")));
  EXPECT_EQ(refusal("pkcs11:manufacturer=Maker;model=Model"), ErrorCode::invalid_argument);
}

TEST(TokenUri, WhatNamesNoTokenIsRefused) {
  for (const std::string_view text :
       {"", "pkcs11", "pkcs11:", "x:serial=1", "serial=1", "pkcs11:serial=", "pkcs11:token=%00",
        "pkcs11:serial=%zz", "pkcs11:serial=1;serial", "/path"}) {
    EXPECT_EQ(refusal(text), ErrorCode::invalid_argument) << text;
  }
  EXPECT_EQ(refusal(std::string_view("pkcs11:serial=1\0;token=x", 24)),
            ErrorCode::invalid_argument);
}

TEST(TokenUri, AttributesThatWouldBeIgnoredAreRefused) {
  for (const std::string_view text :
       {"pkcs11:serial=1;id=%01", "pkcs11:serial=1;object=k", "pkcs11:serial=1;slot-id=3",
        "pkcs11:serial=1;type=private", "pkcs11:serial=1;color=red",
        "pkcs11:serial=01234567890123456789", "pkcs11:serial=1?module-path=/lib/x.so",
        "pkcs11:serial=1?module-name=x"}) {
    EXPECT_EQ(refusal(text), ErrorCode::invalid_argument) << text;
  }
}

TEST(TokenUri, APinIsRefusedAndNotRepeated) {
  for (const std::string_view text :
       {"pkcs11:serial=1?pin-value=31415926", "pkcs11:serial=1?pin-source=/tmp/31415926",
        "pkcs11:serial=1;bad?pin-value=31415926"}) {
    const auto parsed = TokenUri::parse(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(describe(parsed.error()).find("31415926"), std::string::npos) << text;
  }
}

TEST(TokenUri, AnyBytesAreEitherReadOrRefused) {
  rc::check("parse never fails otherwise", [](const std::string& tail, bool prefixed) {
    const auto parsed = TokenUri::parse(prefixed ? "pkcs11:token=" + tail : tail);
    RC_ASSERT(parsed.ok() || parsed.error().code == ErrorCode::invalid_argument);
  });
}

TEST(TokenUri, CanBeCheckedWithoutAModule) {
  EXPECT_TRUE(check_token_uri("pkcs11:token=vault").ok());
  for (const std::string_view text : {"", "pkcs11:", "pkcs11:token=t?pin-value=31415926"}) {
    const auto refused = check_token_uri(text);
    ASSERT_FALSE(refused.ok()) << text;
    EXPECT_EQ(describe(refused.error()).find("31415926"), std::string::npos);
  }
}

TEST(KeyUri, NamesAKeyByItsIdAlone) {
  const auto key = key_from_uri("pkcs11:id=%01%ffa");
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(key->id, (Bytes{0x01, 0xff, 'a'}));
  for (const std::string_view text :
       {"pkcs11:", "pkcs11:object=k", "pkcs11:id=", "pkcs11:id=%01;object=k",
        "pkcs11:id=%01;token=t", "pkcs11:id=%01;type=secret-key", "pkcs11:id=%01?pin-value=1",
        "id=%01"}) {
    const auto refused = key_from_uri(text);
    ASSERT_FALSE(refused.ok()) << text;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace coffer::pkcs11
