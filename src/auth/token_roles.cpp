#include "coffer/auth/token_roles.h"

#include "row_codec.h"

namespace coffer::auth {
namespace {

constexpr envelope::Space kRoleSpace{.mount = {}, .table = 8};
constexpr std::uint8_t kFormat = 1;
constexpr unsigned kOrphan = 1;
constexpr unsigned kRenewable = 2;
constexpr unsigned kNoDefault = 4;

envelope::RowName row_of(std::string_view name) { return {kRoleSpace, {}, std::string(name)}; }

std::string encode(const TokenRole& role) {
  Writer row;
  const unsigned flags = (role.orphan ? kOrphan : 0U) | (role.renewable ? kRenewable : 0U) |
                         (role.no_default_policy ? kNoDefault : 0U);
  row.u8(kFormat).u8(static_cast<std::uint8_t>(flags));
  put_strings(row, role.allowed_policies);
  put_strings(row, role.disallowed_policies);
  put_strings(row, role.allowed_policies_glob);
  put_strings(row, role.disallowed_policies_glob);
  row.text(role.path_suffix);
  put_seconds(row, role.explicit_max_ttl);
  put_seconds(row, role.period);
  row.u64(static_cast<std::uint64_t>(role.num_uses));
  return std::string(as_text(row.view()));
}

Result<TokenRole> decode(std::string_view value) {
  Reader row(as_bytes(value));
  TokenRole role;
  COFFER_TRY(const std::uint8_t format, row.u8());
  if (format != kFormat) return make_error(ErrorCode::corrupt, "unknown format of a token role");
  COFFER_TRY(const std::uint8_t flags, row.u8());
  role.orphan = (flags & kOrphan) != 0;
  role.renewable = (flags & kRenewable) != 0;
  role.no_default_policy = (flags & kNoDefault) != 0;
  COFFER_TRY(role.allowed_policies, get_strings(row));
  COFFER_TRY(role.disallowed_policies, get_strings(row));
  COFFER_TRY(role.allowed_policies_glob, get_strings(row));
  COFFER_TRY(role.disallowed_policies_glob, get_strings(row));
  COFFER_TRY(role.path_suffix, row.text());
  COFFER_TRY(role.explicit_max_ttl, get_seconds(row));
  COFFER_TRY(role.period, get_seconds(row));
  COFFER_TRY(const std::uint64_t uses, row.u64());
  role.num_uses = static_cast<std::int64_t>(uses);
  COFFER_CHECK(row.finish());
  return role;
}

}  // namespace

Result<std::optional<StoredTokenRole>> read_token_role(envelope::SealedTransaction& tx,
                                                       std::string_view name) {
  COFFER_TRY(const std::optional<envelope::OpenedRow> row, tx.read(row_of(name)));
  if (!row) return std::optional<StoredTokenRole>();
  COFFER_TRY(TokenRole role, decode(row->value));
  return std::optional<StoredTokenRole>({std::move(role), row->version});
}

Result<void> write_token_role(envelope::SealedTransaction& tx, std::string_view name,
                              const StoredTokenRole& role) {
  return tx.write(
      row_of(name), encode(role.role),
      role.version == 0 ? envelope::Expect::absent() : envelope::Expect::unchanged(role.version));
}

void remove_token_role(envelope::SealedTransaction& tx, std::string_view name) {
  tx.erase(row_of(name), envelope::Expect::anything());
}

Result<std::vector<std::string>> list_token_roles(envelope::SealedTransaction& tx) {
  COFFER_TRY(const auto rows, tx.list(kRoleSpace, {}));
  std::vector<std::string> names;
  for (const envelope::ListedRow& row : rows) names.push_back(row.name);
  return names;
}

}  // namespace coffer::auth
