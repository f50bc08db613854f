#include "rules.h"

#include <algorithm>
#include <cstring>

namespace coffer::pkcs11 {
namespace {

using Kind = Rule::Kind;

template <typename T>
Bytes bytes_of(const T& value) {
  Bytes bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

/// namedCurve secp256r1, 1.2.840.10045.3.1.7 (RFC 5480 section 2.1.1.1).
Bytes p256() { return {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}; }
/// 65537, big-endian.
Bytes f4() { return {0x01, 0x00, 0x01}; }
Bytes only(CK_MECHANISM_TYPE mechanism) { return bytes_of(mechanism); }

#define COFFER_RULE(type, kind, value) \
  Rule { type, #type, value, Kind::kind }

/// What holds for everything whose value nobody may see.
Rules secret_rules(CK_OBJECT_CLASS object_class, CK_KEY_TYPE type, CK_MECHANISM_TYPE made_by) {
  return {
      COFFER_RULE(CKA_CLASS, demanded, CK_ULONG{object_class}),
      COFFER_RULE(CKA_KEY_TYPE, demanded, CK_ULONG{type}),
      COFFER_RULE(CKA_TOKEN, demanded, true),
      COFFER_RULE(CKA_PRIVATE, demanded, true),
      COFFER_RULE(CKA_SENSITIVE, demanded, true),
      COFFER_RULE(CKA_EXTRACTABLE, demanded, false),
      COFFER_RULE(CKA_MODIFIABLE, demanded, false),
      COFFER_RULE(CKA_LOCAL, made, true),
      COFFER_RULE(CKA_ALWAYS_SENSITIVE, made, true),
      COFFER_RULE(CKA_NEVER_EXTRACTABLE, made, true),
      COFFER_RULE(CKA_KEY_GEN_MECHANISM, reported, CK_ULONG{made_by}),
  };
}

void add(Rules& rules, Rules more) {
  for (Rule& rule : more) rules.push_back(std::move(rule));
}

// A key that may both unwrap and decrypt gives away what it wraps (C_WrapKey, then C_Decrypt), so
// each usage is stated: SoftHSM's default is all of them. MODIFIABLE false keeps them as they are.
Rules aes_kek(const Profile& profile) {
  Rules rules = secret_rules(CKO_SECRET_KEY, CKK_AES, CKM_AES_KEY_GEN);
  add(rules, {
                 COFFER_RULE(CKA_VALUE_LEN, demanded, CK_ULONG{32}),
                 COFFER_RULE(CKA_ENCRYPT, demanded, true),
                 COFFER_RULE(CKA_DECRYPT, demanded, true),
                 COFFER_RULE(CKA_WRAP, usage, false),
                 COFFER_RULE(CKA_UNWRAP, usage, false),
                 COFFER_RULE(CKA_SIGN, usage, false),
                 COFFER_RULE(CKA_VERIFY, usage, false),
                 COFFER_RULE(CKA_DERIVE, usage, false),
                 COFFER_RULE(CKA_ALLOWED_MECHANISMS, offered, only(profile.gcm_mechanism)),
             });
  return rules;
}

Rules private_pair(CK_KEY_TYPE type, CK_MECHANISM_TYPE made_by, CK_MECHANISM_TYPE use, bool signs) {
  Rules rules = secret_rules(CKO_PRIVATE_KEY, type, made_by);
  const Kind sign = signs ? Kind::demanded : Kind::usage;
  const Kind decrypt = signs ? Kind::usage : Kind::demanded;
  add(rules, {
                 Rule{CKA_SIGN, "CKA_SIGN", signs, sign},
                 Rule{CKA_DECRYPT, "CKA_DECRYPT", !signs, decrypt},
                 COFFER_RULE(CKA_SIGN_RECOVER, usage, false),
                 COFFER_RULE(CKA_UNWRAP, usage, false),
                 COFFER_RULE(CKA_DERIVE, usage, false),
                 COFFER_RULE(CKA_ALLOWED_MECHANISMS, offered, only(use)),
             });
  return rules;
}

Rules public_pair(CK_KEY_TYPE type, bool verifies) {
  return {
      COFFER_RULE(CKA_CLASS, demanded, CK_ULONG{CKO_PUBLIC_KEY}),
      COFFER_RULE(CKA_KEY_TYPE, demanded, CK_ULONG{type}),
      COFFER_RULE(CKA_TOKEN, demanded, true),
      COFFER_RULE(CKA_PRIVATE, demanded, false),
      COFFER_RULE(CKA_MODIFIABLE, demanded, false),
      Rule{CKA_VERIFY, "CKA_VERIFY", verifies, verifies ? Kind::demanded : Kind::usage},
      Rule{CKA_ENCRYPT, "CKA_ENCRYPT", !verifies, verifies ? Kind::usage : Kind::demanded},
      COFFER_RULE(CKA_VERIFY_RECOVER, usage, false),
      COFFER_RULE(CKA_WRAP, usage, false),
      COFFER_RULE(CKA_DERIVE, usage, false),
      COFFER_RULE(CKA_LOCAL, made, true),
  };
}

Rules all_private_rules(KeyKind kind, const Profile& profile) {
  switch (kind) {
    case KeyKind::kek_aes: break;
    case KeyKind::kek_rsa:
      return private_pair(CKK_RSA, CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_RSA_PKCS_OAEP, false);
    case KeyKind::sign_rsa:
      return private_pair(CKK_RSA, CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_RSA_PKCS_PSS, true);
    case KeyKind::sign_p256: {
      Rules rules = private_pair(CKK_EC, CKM_EC_KEY_PAIR_GEN, CKM_ECDSA, true);
      rules.push_back(COFFER_RULE(CKA_EC_PARAMS, reported, p256()));
      return rules;
    }
  }
  return aes_kek(profile);
}

Rules all_public_rules(KeyKind kind, const Profile& profile) {
  if (kind == KeyKind::sign_p256) {
    Rules rules = public_pair(CKK_EC, true);
    rules.push_back(COFFER_RULE(CKA_EC_PARAMS, demanded, p256()));
    return rules;
  }
  // Which modulus and exponent came of it, crypto::rsa_modulus_size() judges.
  Rules rules = public_pair(CKK_RSA, kind == KeyKind::sign_rsa);
  rules.push_back(COFFER_RULE(CKA_MODULUS_BITS, asked, CK_ULONG{profile.rsa_bits}));
  rules.push_back(COFFER_RULE(CKA_PUBLIC_EXPONENT, asked, f4()));
  return rules;
}
#undef COFFER_RULE

Rules as_the_make_has_them(Rules rules, const Profile& profile) {
  const auto lacks = [&](const Rule& rule) {
    if (rule.type == CKA_ALLOWED_MECHANISMS && !profile.allowed_mechanisms) return true;
    return std::find(profile.lacks.begin(), profile.lacks.end(), rule.type) != profile.lacks.end();
  };
  std::erase_if(rules, lacks);
  if (profile.states_usages_off) return rules;
  std::erase_if(rules, [](const Rule& rule) {
    const bool* const wanted = std::get_if<bool>(&rule.value);
    return rule.kind == Kind::usage && wanted != nullptr && !*wanted;
  });
  return rules;
}

}  // namespace

KeyRole role_of(KeyKind kind) noexcept {
  return kind == KeyKind::kek_aes || kind == KeyKind::kek_rsa ? KeyRole::kek : KeyRole::sign;
}

KeyKind kind_for(KeyRole role, const Profile& profile) noexcept {
  if (role == KeyRole::sign) {
    return profile.sign == SignScheme::rsa_pss ? KeyKind::sign_rsa : KeyKind::sign_p256;
  }
  return profile.wrap == WrapScheme::aes_gcm ? KeyKind::kek_aes : KeyKind::kek_rsa;
}

CK_OBJECT_CLASS class_of(KeyKind kind) noexcept {
  return kind == KeyKind::kek_aes ? CKO_SECRET_KEY : CKO_PRIVATE_KEY;
}

Rules private_rules(KeyKind kind, const Profile& profile) {
  return as_the_make_has_them(all_private_rules(kind, profile), profile);
}

Rules public_rules(KeyKind kind, const Profile& profile) {
  return as_the_make_has_them(all_public_rules(kind, profile), profile);
}

Bytes encode(const Rule& rule) {
  if (const bool* const flag = std::get_if<bool>(&rule.value)) {
    return bytes_of(CK_BBOOL{*flag ? CK_BBOOL{CK_TRUE} : CK_BBOOL{CK_FALSE}});
  }
  if (const CK_ULONG* const number = std::get_if<CK_ULONG>(&rule.value)) return bytes_of(*number);
  const Bytes* const bytes = std::get_if<Bytes>(&rule.value);
  return bytes == nullptr ? Bytes{} : *bytes;
}

}  // namespace coffer::pkcs11
