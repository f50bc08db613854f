// What a key of each role must be, attribute by attribute. The same list makes the template that
// generates the key and the check that reads it back, so that they can't differ.
#pragma once

#include <span>
#include <string_view>
#include <variant>

#include "coffer/pkcs11/token.h"
#include "p11.h"

namespace coffer::pkcs11 {

struct Rule {
  enum class Kind : std::uint8_t {
    demanded,  ///< in the template, and read back
    made,      ///< read back only: the token says how the key came to be
    usage,     ///< as demanded; a token that doesn't know the attribute can't do the thing either
    offered,   ///< as demanded, where the token knows the attribute
    reported,  ///< as made, where the token knows the attribute
  };
  CK_ATTRIBUTE_TYPE type;
  std::string_view name;
  std::variant<bool, CK_ULONG, ByteView> value;
  Kind kind;

  [[nodiscard]] bool in_template() const noexcept {
    return kind == Kind::demanded || kind == Kind::usage || kind == Kind::offered;
  }
  [[nodiscard]] bool may_be_absent() const noexcept {
    return kind == Kind::usage || kind == Kind::offered || kind == Kind::reported;
  }
};

[[nodiscard]] std::span<const Rule> kek_rules() noexcept;
[[nodiscard]] std::span<const Rule> sign_private_rules() noexcept;
[[nodiscard]] std::span<const Rule> sign_public_rules() noexcept;

/// Of the object that does the role's work: secret key or private key.
[[nodiscard]] CK_OBJECT_CLASS class_of(KeyRole role) noexcept;
[[nodiscard]] std::span<const Rule> rules_of(KeyRole role) noexcept;

/// The bytes of a rule's value as PKCS#11 holds them.
[[nodiscard]] Bytes encode(const Rule& rule);

}  // namespace coffer::pkcs11
