#include "role_fields.h"

#include <algorithm>
#include <charconv>

#include "coffer/auth/policy_names.h"
#include "coffer/model/json_writer.h"

namespace coffer::engines::unix_peer {
namespace {

using model::Fields;

constexpr std::size_t kMaxIds = 256;
constexpr std::size_t kMaxUnits = 64;
constexpr std::size_t kMaxUnit = 255;
constexpr std::uint32_t kOverflowId = 65534;
constexpr std::string_view kDefault = "default";

Error bad_field(std::string_view name, std::string_view why) {
  return make_error(ErrorCode::invalid_argument,
                    "field \"" + std::string(name) + "\": " + std::string(why));
}

/// Numbers only: what a name means is up to files and servers that the vault doesn't keep.
Result<std::uint32_t> id_of(std::string_view field, std::string_view text) {
  std::uint32_t id = 0;
  const char* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, id);
  if (text.empty() || problem != std::errc{} || stop != end) {
    return bad_field(field, "wanted numbers from 0 to 4294967294, not names");
  }
  if (id == kOverflowId) {
    return bad_field(field, "65534 is what the kernel calls anyone without a mapping; refused");
  }
  if (id == static_cast<std::uint32_t>(-1)) return bad_field(field, "4294967295 is nobody's");
  return id;
}

Result<void> read_ids(const Fields& fields, std::string_view name,
                      std::vector<std::uint32_t>& ids) {
  COFFER_TRY(const auto given, fields.strings(name));
  if (!given) return {};
  if (given->size() > kMaxIds) return bad_field(name, "more than 256 numbers");
  ids.clear();
  for (const std::string& text : *given) {
    COFFER_TRY(const std::uint32_t id, id_of(name, text));
    ids.push_back(id);
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return {};
}

/// systemd.unit(5): a name of these characters with a suffix that tells its type.
bool is_unit(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (name.size() > kMaxUnit || dot == std::string_view::npos || dot == 0) return false;
  const std::string_view type = name.substr(dot + 1);
  if (type != "service" && type != "scope") return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(":-_.\\@").find(c) != std::string_view::npos;
  });
}

Result<void> read_units(const Fields& fields, std::vector<std::string>& units) {
  constexpr std::string_view kName = "bound_units";
  COFFER_TRY(const auto given, fields.strings(kName));
  if (!given) return {};
  if (given->size() > kMaxUnits) return bad_field(kName, "more than 64 units");
  for (const std::string& unit : *given) {
    if (!is_unit(unit)) return bad_field(kName, "wanted whole names: NAME.service or NAME.scope");
  }
  units = *given;
  std::sort(units.begin(), units.end());
  units.erase(std::unique(units.begin(), units.end()), units.end());
  return {};
}

Result<void> read_policies(const Fields& fields, bool is_new, std::vector<std::string>& policies) {
  const std::string_view name = fields.has("token_policies") ? "token_policies" : "policies";
  COFFER_TRY(const auto given, fields.strings(name));
  COFFER_TRY(const auto no_default, fields.boolean("token_no_default_policy"));
  const bool had_default = std::find(policies.begin(), policies.end(), kDefault) != policies.end();
  if (given) {
    COFFER_TRY(policies, auth::policy_names(*given));
    if (std::find(policies.begin(), policies.end(), "root") != policies.end()) {
      return bad_field(name, "an auth method can't give the policy \"root\"");
    }
  }
  if (no_default.value_or(!is_new && !had_default)) {
    if (!given) std::erase(policies, kDefault);
    return {};
  }
  if (std::find(policies.begin(), policies.end(), kDefault) == policies.end()) {
    policies.emplace_back(kDefault);
    std::sort(policies.begin(), policies.end());
  }
  return {};
}

Result<void> check_whole(const auth::UnixRole& role) {
  if (role.uids.empty() && role.gids.empty() && role.groups.empty()) {
    return make_error(ErrorCode::invalid_argument,
                      "a role needs bound_uids, bound_gids or bound_groups; bound_units only "
                      "narrows them, for users can name units of their own");
  }
  if (role.allow_containers && role.units.empty()) {
    return bad_field("allow_containers", "needs bound_units that name the containers' scopes");
  }
  return {};
}

}  // namespace

Result<void> apply(const Fields& fields, auth::StoredUnixRole& stored) {
  auth::UnixRole& role = stored.role;
  if (fields.has("bound_users")) {
    return bad_field("bound_users", "names of users aren't resolved; give bound_uids");
  }
  COFFER_CHECK(read_ids(fields, "bound_uids", role.uids));
  COFFER_CHECK(read_ids(fields, "bound_gids", role.gids));
  COFFER_CHECK(read_ids(fields, "bound_groups", role.groups));
  COFFER_CHECK(read_units(fields, role.units));
  COFFER_TRY(const auto containers, fields.boolean("allow_containers"));
  role.allow_containers = containers.value_or(role.allow_containers);
  COFFER_CHECK(read_policies(fields, stored.version == 0, role.policies));
  return check_whole(role);
}

std::string role_data(const auth::UnixRole& role) {
  model::JsonWriter json;
  const auto numbers = [&](std::string_view key, const std::vector<std::uint32_t>& ids) {
    json.key(key).begin_array();
    for (const std::uint32_t id : ids) json.number(id);
    json.end_array();
  };
  const auto strings = [&](std::string_view key, const std::vector<std::string>& texts) {
    json.key(key).begin_array();
    for (const std::string& text : texts) json.string(text);
    json.end_array();
  };
  json.begin_object();
  json.key("allow_containers").boolean(role.allow_containers);
  numbers("bound_gids", role.gids);
  numbers("bound_groups", role.groups);
  numbers("bound_uids", role.uids);
  strings("bound_units", role.units);
  strings("policies", role.policies);
  strings("token_policies", role.policies);
  json.end_object();
  return std::move(json).take();
}

}  // namespace coffer::engines::unix_peer
