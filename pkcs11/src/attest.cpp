#include "coffer/pkcs11/attest.h"

#include <fmt/core.h>

#include <array>
#include <cstring>

#include "connect.h"
#include "find_key.h"
#include "objects.h"

namespace coffer::pkcs11 {
namespace {

constexpr std::string_view kPublic = "public ";
constexpr std::string_view kAbsent = "absent";

struct NamedNumber {
  CK_ATTRIBUTE_TYPE type;
  CK_ULONG number;
  std::string_view name;
};
constexpr std::array kNames = {
    NamedNumber{CKA_CLASS, CKO_SECRET_KEY, "CKO_SECRET_KEY"},
    NamedNumber{CKA_CLASS, CKO_PRIVATE_KEY, "CKO_PRIVATE_KEY"},
    NamedNumber{CKA_CLASS, CKO_PUBLIC_KEY, "CKO_PUBLIC_KEY"},
    NamedNumber{CKA_KEY_TYPE, CKK_AES, "CKK_AES"},
    NamedNumber{CKA_KEY_TYPE, CKK_RSA, "CKK_RSA"},
    NamedNumber{CKA_KEY_TYPE, CKK_EC, "CKK_EC"},
};

CK_ULONG number_of(ByteView bytes) {
  CK_ULONG number = 0;
  std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}

/// `rule` tells what kind of value it is.
std::string in_words(const Rule& rule, ByteView bytes) {
  if (std::holds_alternative<bool>(rule.value)) {
    if (bytes.size() == 1) return bytes[0] == CK_TRUE ? "true" : "false";
    return to_hex(bytes);
  }
  const bool is_number = bytes.size() == sizeof(CK_ULONG);
  if (rule.type == CKA_ALLOWED_MECHANISMS && is_number) {
    return fmt::format("{:#x}", number_of(bytes));
  }
  if (!std::holds_alternative<CK_ULONG>(rule.value) || !is_number) return to_hex(bytes);
  const CK_ULONG number = number_of(bytes);
  for (const NamedNumber& named : kNames) {
    if (named.type == rule.type && named.number == number) return std::string(named.name);
  }
  return std::to_string(number);
}

StatedAttribute stated(const Rule& rule, std::string_view half) {
  return {std::string(half).append(rule.name), in_words(rule, encode(rule)), rule.may_be_absent()};
}

std::vector<StatedAttribute> stated_of(KeyKind kind, const Profile& profile) {
  std::vector<StatedAttribute> out;
  for (const Rule& rule : private_rules(kind, profile)) out.push_back(stated(rule, {}));
  if (kind == KeyKind::kek_aes) return out;
  for (const Rule& rule : public_rules(kind, profile)) out.push_back(stated(rule, kPublic));
  return out;
}

Result<void> read_half(Session& session, CK_OBJECT_HANDLE object, const Rules& rules,
                       std::string_view half, std::vector<StatedAttribute>& out) {
  for (const Rule& rule : rules) {
    StatedAttribute read = stated(rule, half);
    const auto value = read_attribute(session, object, rule.type);
    if (value.ok()) {
      read.value = in_words(rule, *value);
    } else if (session.failure() == CKR_ATTRIBUTE_TYPE_INVALID) {
      read.value = kAbsent;
    } else {
      return value.error();
    }
    out.push_back(std::move(read));
  }
  return {};
}

Result<std::vector<StatedAttribute>> read_key(const Connection& connection,
                                              const KeyToRead& wanted) {
  COFFER_TRY(Session session,
             Session::open(*connection.module, connection.slot, Access::read_only));
  COFFER_TRY(const FoundKey found, find_key_of(session, wanted.role, wanted.key.id));
  std::vector<StatedAttribute> out;
  COFFER_CHECK(
      read_half(session, found.object, private_rules(found.kind, connection.profile), {}, out));
  if (found.kind == KeyKind::kek_aes) return out;
  COFFER_TRY(const CK_OBJECT_HANDLE half, find_one(session, CKO_PUBLIC_KEY, wanted.key.id));
  COFFER_CHECK(
      read_half(session, half, public_rules(found.kind, connection.profile), kPublic, out));
  return out;
}

}  // namespace

Result<std::vector<StatedAttribute>> key_template(KeyRole role, std::string_view profile) {
  if (profile == "auto") {
    return make_error(ErrorCode::invalid_argument, "a template needs a profile by name, not auto");
  }
  COFFER_TRY(const Profile chosen, choose_profile(profile, {}));
  return stated_of(kind_for(role, chosen), chosen);
}

Result<std::vector<std::vector<StatedAttribute>>> read_attributes(const TokenConfig& config,
                                                                  const SecureBytes& pin,
                                                                  std::span<const KeyToRead> keys) {
  COFFER_TRY(const Connection connection, connect(config, pin));
  std::vector<std::vector<StatedAttribute>> all;
  for (const KeyToRead& key : keys) {
    COFFER_TRY(std::vector<StatedAttribute> read, read_key(connection, key));
    all.push_back(std::move(read));
  }
  return all;
}

}  // namespace coffer::pkcs11
