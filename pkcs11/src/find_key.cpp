#include "find_key.h"

#include <algorithm>
#include <array>

#include "objects.h"

namespace coffer::pkcs11 {
namespace {

/// False if the token doesn't say.
bool says(Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  CK_BBOOL value = CK_FALSE;
  CK_ATTRIBUTE attribute{type, &value, sizeof value};
  return session.invoke(&CK_FUNCTION_LIST::C_GetAttributeValue, object, &attribute, CK_ULONG{1}) ==
             CKR_OK &&
         attribute.ulValueLen == sizeof value && value != CK_FALSE;
}

using Mechanisms = std::array<CK_MECHANISM_TYPE, 2>;

Mechanisms other_mechanisms(KeyRole role) noexcept {
  if (role == KeyRole::kek) return {CKM_ECDSA, CKM_RSA_PKCS_PSS};
  return {CKM_RSA_PKCS_OAEP, CKM_RSA_PKCS_OAEP};
}

/// Whether CKA_ALLOWED_MECHANISMS is one of them and nothing else.
bool is_held_to(Session& session, CK_OBJECT_HANDLE object, const Mechanisms& mechanisms) {
  CK_MECHANISM_TYPE only = 0;
  CK_ATTRIBUTE attribute{CKA_ALLOWED_MECHANISMS, &only, sizeof only};
  return session.invoke(&CK_FUNCTION_LIST::C_GetAttributeValue, object, &attribute, CK_ULONG{1}) ==
             CKR_OK &&
         attribute.ulValueLen == sizeof only &&
         std::find(mechanisms.begin(), mechanisms.end(), only) != mechanisms.end();
}

/// Only what does the other's work and not this one's: a key that does both is this role's, and
/// refused by name.
bool is_of_the_other_role(Session& session, CK_OBJECT_HANDLE object, KeyRole role) {
  const bool signs = says(session, object, CKA_SIGN);
  const bool decrypts = says(session, object, CKA_DECRYPT);
  // tpm2-pkcs11 says both of every key: then what it is held to tells.
  if (signs && decrypts) return is_held_to(session, object, other_mechanisms(role));
  return role == KeyRole::kek ? signs && !decrypts : decrypts && !signs;
}

bool is_rsa(Session& session, CK_OBJECT_HANDLE object) {
  CK_KEY_TYPE type = 0;
  CK_ATTRIBUTE attribute{CKA_KEY_TYPE, &type, sizeof type};
  return session.invoke(&CK_FUNCTION_LIST::C_GetAttributeValue, object, &attribute, CK_ULONG{1}) ==
             CKR_OK &&
         type == CKK_RSA;
}

std::optional<KeyKind> kind_of(Session& session, CK_OBJECT_HANDLE object,
                               CK_OBJECT_CLASS object_class, KeyRole role) {
  if (object_class == CKO_SECRET_KEY && role == KeyRole::kek) return KeyKind::kek_aes;
  if (object_class != CKO_PRIVATE_KEY) return std::nullopt;
  if (is_of_the_other_role(session, object, role)) return std::nullopt;
  if (role == KeyRole::kek) return KeyKind::kek_rsa;
  // Another type than these two is refused by the rules of the first, by name.
  return is_rsa(session, object) ? KeyKind::sign_rsa : KeyKind::sign_p256;
}

}  // namespace

Result<FoundKey> find_key_of(Session& session, KeyRole role, ByteView id) {
  // One search for all classes: SoftHSM opens every object's file for each.
  COFFER_TRY(const auto objects, find_objects(session, std::nullopt, id));
  std::vector<FoundKey> found;
  for (const CK_OBJECT_HANDLE object : objects) {
    COFFER_TRY(const CK_OBJECT_CLASS object_class, class_of_object(session, object));
    const auto kind = kind_of(session, object, object_class, role);
    if (kind) found.push_back({object, *kind});
  }
  if (found.empty()) return make_error(ErrorCode::not_found, "no such key on the token");
  if (found.size() > 1) return several_keys(id);
  return found.front();
}

}  // namespace coffer::pkcs11
