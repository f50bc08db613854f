#include "list_keys.h"

#include <algorithm>

namespace coffer::pkcs11 {
namespace {

/// Of an attribute whose length is another's choice; what is longer isn't one of ours.
constexpr std::size_t kLongest = 1024;

/// Empty where the object has none, or a longer one than is read.
Result<Bytes> read_text(Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  Bytes value(kLongest);
  CK_ATTRIBUTE attribute{type, value.data(), value.size()};
  const CK_RV rv =
      session.invoke(&CK_FUNCTION_LIST::C_GetAttributeValue, object, &attribute, CK_ULONG{1});
  if (rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_BUFFER_TOO_SMALL) return Bytes();
  COFFER_CHECK(ck_check("C_GetAttributeValue", rv));
  value.resize(std::min<std::size_t>(attribute.ulValueLen, kMaxListedText));
  return value;
}

Result<std::vector<CK_OBJECT_HANDLE>> find_all(Session& session, CK_OBJECT_CLASS object_class,
                                               std::size_t most) {
  CK_ATTRIBUTE wanted{CKA_CLASS, &object_class, sizeof object_class};
  COFFER_CHECK(session.call("C_FindObjectsInit", &CK_FUNCTION_LIST::C_FindObjectsInit, &wanted,
                            CK_ULONG{1}));
  std::vector<CK_OBJECT_HANDLE> objects(most);
  CK_ULONG found = 0;
  COFFER_CHECK(session.call("C_FindObjects", &CK_FUNCTION_LIST::C_FindObjects, objects.data(),
                            CK_ULONG{most}, &found));
  COFFER_CHECK(session.call("C_FindObjectsFinal", &CK_FUNCTION_LIST::C_FindObjectsFinal));
  objects.resize(std::min<std::size_t>(found, most));
  return objects;
}

/// One more than is given is looked for, so that it shows when there are more.
Result<void> add_class(Session& session, CK_OBJECT_CLASS object_class, ListedKeys& listed) {
  const std::size_t room = kMaxListedKeys - listed.keys.size();
  COFFER_TRY(std::vector<CK_OBJECT_HANDLE> objects, find_all(session, object_class, room + 1));
  if (objects.size() > room) listed.more = true;
  objects.resize(std::min(objects.size(), room));
  for (const CK_OBJECT_HANDLE object : objects) {
    ListedKey key{.id = {}, .label = {}, .secret = object_class == CKO_SECRET_KEY};
    COFFER_TRY(key.id, read_text(session, object, CKA_ID));
    COFFER_TRY(const Bytes label, read_text(session, object, CKA_LABEL));
    key.label = std::string(as_text(label));
    listed.keys.push_back(std::move(key));
  }
  return {};
}

}  // namespace

Result<ListedKeys> list_key_objects(Session& session) {
  ListedKeys listed;
  COFFER_CHECK(add_class(session, CKO_SECRET_KEY, listed));
  COFFER_CHECK(add_class(session, CKO_PRIVATE_KEY, listed));
  return listed;
}

}  // namespace coffer::pkcs11
