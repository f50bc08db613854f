#include "unix_row.h"

#include "row_codec.h"

namespace coffer::auth {
namespace {

constexpr std::uint8_t kFormat = 1;
enum Flag : std::uint8_t { kContainers = 1 };

static_assert(sizeof(uid_t) == sizeof(std::uint32_t) && sizeof(gid_t) == sizeof(std::uint32_t));

}  // namespace

std::string encode_unix_role(const UnixRole& role) {
  Writer row;
  row.u8(kFormat).u8(role.allow_containers ? kContainers : 0);
  put_numbers(row, role.uids);
  put_numbers(row, role.gids);
  put_numbers(row, role.groups);
  put_strings(row, role.units);
  put_strings(row, role.policies);
  return std::string(as_text(row.view()));
}

Result<UnixRole> decode_unix_role(std::string_view value) {
  Reader row(as_bytes(value));
  UnixRole role;
  COFFER_TRY(const std::uint8_t format, row.u8());
  if (format != kFormat) return make_error(ErrorCode::corrupt, "unknown format of a unix role");
  COFFER_TRY(const std::uint8_t flags, row.u8());
  role.allow_containers = (flags & kContainers) != 0;
  COFFER_TRY(role.uids, get_numbers(row));
  COFFER_TRY(role.gids, get_numbers(row));
  COFFER_TRY(role.groups, get_numbers(row));
  COFFER_TRY(role.units, get_strings(row));
  COFFER_TRY(role.policies, get_strings(row));
  COFFER_CHECK(row.finish());
  return role;
}

}  // namespace coffer::auth
