#include "roles.h"

#include <algorithm>

#include "answer.h"
#include "coffer/auth/policy_names.h"
#include "coffer/auth/token_roles.h"
#include "request.h"

namespace coffer::engines::token {
namespace {

using auth::TokenRole;
using model::Fields;
using model::Response;

constexpr std::size_t kMaxSuffix = 64;
constexpr std::size_t kMaxGlobs = 256;

Result<void> refuse_unsupported(const Fields& fields) {
  for (const std::string_view name :
       {"token_bound_cidrs", "bound_cidrs", "allowed_entity_aliases"}) {
    COFFER_TRY(const auto values, fields.strings(name));
    if (values && !values->empty()) return bad_field(name, "isn't supported here; leave it out");
  }
  COFFER_TRY(const auto bind, fields.boolean("token_strictly_bind_ip"));
  if (bind.value_or(false)) return bad_field("token_strictly_bind_ip", "callers have no address");
  COFFER_TRY(const auto type, fields.string("token_type"));
  if (!type || type->empty() || *type == "service" || *type == "default-service") return {};
  return bad_field("token_type", "must be \"service\": batch tokens aren't supported");
}

Result<void> read_names(const Fields& fields, std::string_view name,
                        std::vector<std::string>& names) {
  COFFER_TRY(const auto given, fields.strings(name));
  if (!given) return {};
  COFFER_TRY(names, auth::policy_names(*given));
  return {};
}

/// Globs are compared with names in their one form, so what could never match one is refused.
Result<void> read_globs(const Fields& fields, std::string_view name,
                        std::vector<std::string>& globs) {
  COFFER_TRY(const auto given, fields.strings(name));
  if (!given) return {};
  if (given->size() > kMaxGlobs) return bad_field(name, "more than 256 globs");
  for (const std::string& glob : *given) {
    const bool fits = !glob.empty() && glob.size() <= auth::kMaxPolicyName &&
                      std::all_of(glob.begin(), glob.end(), [](char c) {
                        return c > ' ' && c <= '~' && !(c >= 'A' && c <= 'Z');
                      });
    if (!fits) return bad_field(name, "a glob is 1 to 128 bytes of lower-case printable ASCII");
  }
  globs = *given;
  return {};
}

Result<void> read_suffix(const Fields& fields, std::string& suffix) {
  COFFER_TRY(const auto given, fields.string("path_suffix"));
  if (!given) return {};
  const bool fits =
      given->size() <= kMaxSuffix && std::all_of(given->begin(), given->end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
      });
  if (!fits) return bad_field("path_suffix", "at most 64 of a-z, A-Z, 0-9, '-', '_' and '.'");
  suffix = *given;
  return {};
}

Result<void> read_flag(const Fields& fields, std::string_view name, bool& flag) {
  COFFER_TRY(const auto given, fields.boolean(name));
  flag = given.value_or(flag);
  return {};
}

/// Vault knows some fields by two names; the longer one counts.
Result<void> read_time(const Fields& fields, std::string_view name, std::string_view old_name,
                       std::chrono::seconds& time) {
  const std::string_view used = fields.has(name) ? name : old_name;
  if (!fields.has(used)) return {};
  COFFER_TRY(time, duration_of(fields, used));
  return {};
}

Result<void> apply(const Fields& fields, TokenRole& role) {
  COFFER_CHECK(refuse_unsupported(fields));
  COFFER_CHECK(read_names(fields, "allowed_policies", role.allowed_policies));
  COFFER_CHECK(read_names(fields, "disallowed_policies", role.disallowed_policies));
  COFFER_CHECK(read_globs(fields, "allowed_policies_glob", role.allowed_policies_glob));
  COFFER_CHECK(read_globs(fields, "disallowed_policies_glob", role.disallowed_policies_glob));
  COFFER_CHECK(read_flag(fields, "orphan", role.orphan));
  COFFER_CHECK(read_flag(fields, "renewable", role.renewable));
  COFFER_CHECK(read_flag(fields, "token_no_default_policy", role.no_default_policy));
  COFFER_CHECK(read_suffix(fields, role.path_suffix));
  COFFER_CHECK(
      read_time(fields, "token_explicit_max_ttl", "explicit_max_ttl", role.explicit_max_ttl));
  COFFER_CHECK(read_time(fields, "token_period", "period", role.period));
  if (fields.has("token_num_uses")) {
    COFFER_TRY(role.num_uses, count_of(fields, "token_num_uses"));
  }
  return {};
}

}  // namespace

Result<Response> list_roles(engine::Context& context) {
  COFFER_TRY(const auto names, auth::list_token_roles(context.tx));
  if (names.empty()) return make_error(ErrorCode::not_found, "");
  return Response{.data = keys_data(names)};
}

Result<Response> read_role(engine::Context& context, std::string_view name) {
  COFFER_TRY(const auto stored, auth::read_token_role(context.tx, name));
  if (!stored) return make_error(ErrorCode::not_found, "");
  return Response{.data = role_data(name, stored->role)};
}

Result<Response> write_role(engine::Context& context, const model::Request& request,
                            std::string_view name) {
  COFFER_TRY(const auto stored, auth::read_token_role(context.tx, name));
  auth::StoredTokenRole role = stored.value_or(auth::StoredTokenRole{});
  COFFER_CHECK(apply(request.fields, role.role));
  COFFER_CHECK(auth::write_token_role(context.tx, name, role));
  return Response{.outcome = model::Outcome::empty};
}

Result<Response> remove_role(engine::Context& context, std::string_view name) {
  auth::remove_token_role(context.tx, name);
  return Response{.outcome = model::Outcome::empty};
}

Result<bool> role_exists(engine::Context& context, std::string_view name) {
  COFFER_TRY(const auto stored, auth::read_token_role(context.tx, name));
  return stored.has_value();
}

}  // namespace coffer::engines::token
