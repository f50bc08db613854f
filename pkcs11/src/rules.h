// What a key of each kind must be, attribute by attribute. The same list makes the template that
// generates the key and the check that reads it back, so that they can't differ.
#pragma once

#include <string_view>
#include <variant>
#include <vector>

#include "coffer/pkcs11/profile.h"
#include "coffer/pkcs11/token.h"
#include "p11.h"

namespace coffer::pkcs11 {

/// What a role may be made of.
enum class KeyKind : std::uint8_t {
  kek_aes,    ///< one secret key
  kek_rsa,    ///< a key pair: the public half encrypts on the host, the private one decrypts
  sign_p256,  ///< a key pair
  sign_rsa,   ///< a key pair
};

[[nodiscard]] KeyRole role_of(KeyKind kind) noexcept;
/// Of a new key.
[[nodiscard]] KeyKind kind_for(KeyRole role, const Profile& profile) noexcept;
/// Of the object that does the work: secret key or private key.
[[nodiscard]] CK_OBJECT_CLASS class_of(KeyKind kind) noexcept;

struct Rule {
  enum class Kind : std::uint8_t {
    demanded,  ///< in the template, and read back
    asked,     ///< in the template; what came of it is checked in another way
    made,      ///< read back only: the token says how the key came to be
    usage,     ///< as demanded; a token that doesn't know the attribute can't do the thing either
    offered,   ///< as demanded, where the token knows the attribute
    reported,  ///< as made, where the token knows the attribute
  };
  CK_ATTRIBUTE_TYPE type;
  std::string_view name;
  std::variant<bool, CK_ULONG, Bytes> value;
  Kind kind;

  [[nodiscard]] bool in_template() const noexcept {
    return kind != Kind::made && kind != Kind::reported;
  }
  [[nodiscard]] bool read_back() const noexcept { return kind != Kind::asked; }
  [[nodiscard]] bool may_be_absent() const noexcept {
    return kind == Kind::usage || kind == Kind::offered || kind == Kind::reported;
  }
};
using Rules = std::vector<Rule>;

/// Of the object that does the work.
[[nodiscard]] Rules private_rules(KeyKind kind, const Profile& profile);
/// Of a pair's other half. Precondition: the kind is a pair.
[[nodiscard]] Rules public_rules(KeyKind kind, const Profile& profile);

/// The bytes of a rule's value as PKCS#11 holds them.
[[nodiscard]] Bytes encode(const Rule& rule);

}  // namespace coffer::pkcs11
