#include "coffer/pkcs11/attest.h"
#include "coffer/pkcs11/data.h"
#include "connect.h"
#include "data_objects.h"
#include "sync.h"

namespace coffer::pkcs11 {
namespace {

/// Copies too, that somebody made: how many there were.
Result<std::size_t> destroy_all(Session& session, const std::string& label) {
  COFFER_CHECK(check_data_label(label));
  COFFER_TRY(const auto objects, find_every_data(session, label));
  for (const CK_OBJECT_HANDLE object : objects) {
    COFFER_CHECK(session.call("C_DestroyObject", &CK_FUNCTION_LIST::C_DestroyObject, object));
  }
  COFFER_TRY(const auto left, find_every_data(session, label));
  if (left.empty()) return objects.size();
  return make_error(ErrorCode::unavailable, "the token keeps a data object that was destroyed",
                    label);
}

}  // namespace

Result<std::size_t> destroy_data(const TokenConfig& config, const SecureBytes& pin,
                                 std::span<const std::string> labels) {
  COFFER_TRY(const Connection connection, connect(config, pin));
  if (!connection.profile.holds_data) return std::size_t{0};
  COFFER_TRY(Session session,
             Session::open(*connection.module, connection.slot, Access::read_write));
  std::size_t gone = 0;
  for (const std::string& label : labels) {
    COFFER_TRY(const std::size_t there, destroy_all(session, label));
    gone += there;
  }
  COFFER_CHECK(sync_file_system(config.sync_directory));
  return gone;
}

}  // namespace coffer::pkcs11
