#include "rules.h"

#include <array>
#include <cstring>

namespace coffer::pkcs11 {
namespace {

using Kind = Rule::Kind;

// namedCurve secp256r1, 1.2.840.10045.3.1.7 (RFC 5480 section 2.1.1.1).
constexpr std::array<std::uint8_t, 10> kP256 = {0x06, 0x08, 0x2a, 0x86, 0x48,
                                                0xce, 0x3d, 0x03, 0x01, 0x07};

template <CK_MECHANISM_TYPE mechanism>
ByteView only() noexcept {
  static constexpr CK_MECHANISM_TYPE kList = mechanism;
  return {reinterpret_cast<const std::uint8_t*>(&kList), sizeof kList};
}

#define COFFER_RULE(type, kind, value) \
  Rule { type, #type, value, Kind::kind }

// A key that may both unwrap and decrypt gives away what it wraps (C_WrapKey, then C_Decrypt), so
// each usage is stated: SoftHSM's default is all of them. MODIFIABLE false keeps them as they are.
const std::array kKek = {
    COFFER_RULE(CKA_CLASS, demanded, CK_ULONG{CKO_SECRET_KEY}),
    COFFER_RULE(CKA_KEY_TYPE, demanded, CK_ULONG{CKK_AES}),
    COFFER_RULE(CKA_VALUE_LEN, demanded, CK_ULONG{32}),
    COFFER_RULE(CKA_TOKEN, demanded, true),
    COFFER_RULE(CKA_PRIVATE, demanded, true),
    COFFER_RULE(CKA_SENSITIVE, demanded, true),
    COFFER_RULE(CKA_EXTRACTABLE, demanded, false),
    COFFER_RULE(CKA_MODIFIABLE, demanded, false),
    COFFER_RULE(CKA_ENCRYPT, demanded, true),
    COFFER_RULE(CKA_DECRYPT, demanded, true),
    COFFER_RULE(CKA_WRAP, usage, false),
    COFFER_RULE(CKA_UNWRAP, usage, false),
    COFFER_RULE(CKA_SIGN, usage, false),
    COFFER_RULE(CKA_VERIFY, usage, false),
    COFFER_RULE(CKA_DERIVE, usage, false),
    COFFER_RULE(CKA_ALLOWED_MECHANISMS, offered, only<CKM_AES_GCM>()),
    COFFER_RULE(CKA_LOCAL, made, true),
    COFFER_RULE(CKA_ALWAYS_SENSITIVE, made, true),
    COFFER_RULE(CKA_NEVER_EXTRACTABLE, made, true),
    COFFER_RULE(CKA_KEY_GEN_MECHANISM, reported, CK_ULONG{CKM_AES_KEY_GEN}),
};

const std::array kSignPrivate = {
    COFFER_RULE(CKA_CLASS, demanded, CK_ULONG{CKO_PRIVATE_KEY}),
    COFFER_RULE(CKA_KEY_TYPE, demanded, CK_ULONG{CKK_EC}),
    COFFER_RULE(CKA_TOKEN, demanded, true),
    COFFER_RULE(CKA_PRIVATE, demanded, true),
    COFFER_RULE(CKA_SENSITIVE, demanded, true),
    COFFER_RULE(CKA_EXTRACTABLE, demanded, false),
    COFFER_RULE(CKA_MODIFIABLE, demanded, false),
    COFFER_RULE(CKA_SIGN, demanded, true),
    COFFER_RULE(CKA_SIGN_RECOVER, usage, false),
    COFFER_RULE(CKA_DECRYPT, usage, false),
    COFFER_RULE(CKA_UNWRAP, usage, false),
    COFFER_RULE(CKA_DERIVE, usage, false),
    COFFER_RULE(CKA_ALLOWED_MECHANISMS, offered, only<CKM_ECDSA>()),
    COFFER_RULE(CKA_EC_PARAMS, reported, ByteView(kP256)),
    COFFER_RULE(CKA_LOCAL, made, true),
    COFFER_RULE(CKA_ALWAYS_SENSITIVE, made, true),
    COFFER_RULE(CKA_NEVER_EXTRACTABLE, made, true),
    COFFER_RULE(CKA_KEY_GEN_MECHANISM, reported, CK_ULONG{CKM_EC_KEY_PAIR_GEN}),
};

const std::array kSignPublic = {
    COFFER_RULE(CKA_CLASS, demanded, CK_ULONG{CKO_PUBLIC_KEY}),
    COFFER_RULE(CKA_KEY_TYPE, demanded, CK_ULONG{CKK_EC}),
    COFFER_RULE(CKA_EC_PARAMS, demanded, ByteView(kP256)),
    COFFER_RULE(CKA_TOKEN, demanded, true),
    COFFER_RULE(CKA_PRIVATE, demanded, false),
    COFFER_RULE(CKA_MODIFIABLE, demanded, false),
    COFFER_RULE(CKA_VERIFY, demanded, true),
    COFFER_RULE(CKA_VERIFY_RECOVER, usage, false),
    COFFER_RULE(CKA_ENCRYPT, usage, false),
    COFFER_RULE(CKA_WRAP, usage, false),
    COFFER_RULE(CKA_DERIVE, usage, false),
    COFFER_RULE(CKA_LOCAL, made, true),
};
#undef COFFER_RULE

template <typename T>
Bytes bytes_of(const T& value) {
  Bytes bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

}  // namespace

std::span<const Rule> kek_rules() noexcept { return kKek; }
std::span<const Rule> sign_private_rules() noexcept { return kSignPrivate; }
std::span<const Rule> sign_public_rules() noexcept { return kSignPublic; }

CK_OBJECT_CLASS class_of(KeyRole role) noexcept {
  return role == KeyRole::kek ? CKO_SECRET_KEY : CKO_PRIVATE_KEY;
}

std::span<const Rule> rules_of(KeyRole role) noexcept {
  return role == KeyRole::kek ? kek_rules() : sign_private_rules();
}

Bytes encode(const Rule& rule) {
  if (const bool* const flag = std::get_if<bool>(&rule.value)) {
    return bytes_of(CK_BBOOL{*flag ? CK_BBOOL{CK_TRUE} : CK_BBOOL{CK_FALSE}});
  }
  if (const CK_ULONG* const number = std::get_if<CK_ULONG>(&rule.value)) return bytes_of(*number);
  const ByteView* const bytes = std::get_if<ByteView>(&rule.value);
  return bytes == nullptr ? Bytes{} : to_bytes(*bytes);
}

}  // namespace coffer::pkcs11
