// P11Token::destroy: the only place where a key is deleted, and only by the id that was asked for.
#include "find_key.h"
#include "objects.h"
#include "p11_token.h"
#include "sync.h"

namespace coffer::pkcs11 {
namespace {

/// The object that does the role's work goes last: should the other not go, the key is still there
/// to be found, and can be destroyed again.
Result<std::vector<CK_OBJECT_HANDLE>> objects_of(Session& session, KeyRole role, ByteView id) {
  COFFER_TRY(const FoundKey key, find_key_of(session, role, id));
  COFFER_TRY(std::vector<CK_OBJECT_HANDLE> objects, find_objects(session, CKO_PUBLIC_KEY, id));
  objects.push_back(key.object);
  return objects;
}

}  // namespace

Result<void> P11Token::destroy(KeyRole role, const KeyRef& key) {
  if (key.id.empty()) return make_error(ErrorCode::invalid_argument, "a key id can't be empty");
  COFFER_TRY(Session session,
             Session::open(*connection_.module, connection_.slot, Access::read_write));
  auto objects = objects_of(session, role, key.id);
  if (!objects.ok()) {
    if (objects.error().code != ErrorCode::not_found) return std::move(objects).error();
    return explain_absence(role, key, std::move(objects).error());
  }
  return destroy_objects(session, role, key, *objects);
}

Result<void> P11Token::destroy_objects(Session& session, KeyRole role, const KeyRef& key,
                                       const std::vector<CK_OBJECT_HANDLE>& objects) {
  for (const CK_OBJECT_HANDLE object : objects) {
    const CK_RV rv = session.invoke(&CK_FUNCTION_LIST::C_DestroyObject, object);
    // A make may take both halves at once; whether all is gone is looked up below.
    if (!is_stale_handle(rv)) COFFER_CHECK(ck_check("C_DestroyObject", rv));
  }
  cache_.forget_for_good(role, key.id);
  COFFER_CHECK(sync_file_system(sync_directory_));
  pool_.drop_idle();
  COFFER_TRY(session, Session::open(*connection_.module, connection_.slot, Access::read_only));
  COFFER_TRY(const auto left, find_objects(session, std::nullopt, key.id));
  if (left.empty()) return {};
  return make_error(ErrorCode::unavailable, "the token has destroyed a key, and has it still");
}

}  // namespace coffer::pkcs11
