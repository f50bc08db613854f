#include "request.h"

#include <algorithm>

#include "coffer/auth/policy_names.h"

namespace coffer::engines::token {
namespace {

constexpr std::size_t kMaxMeta = 64;
constexpr std::size_t kMaxMetaName = 128;
constexpr std::size_t kMaxMetaValue = 512;
constexpr std::size_t kMaxDisplayName = 128;

/// What would change what the token means, and isn't done: to leave it out silently would be worse.
Result<void> refuse_unsupported(const model::Fields& fields) {
  COFFER_TRY(const auto id, fields.string("id"));
  if (id) return bad_field("id", "tokens are always random here; leave it out");
  COFFER_TRY(const auto type, fields.string("type"));
  if (type && *type == "batch") {
    return bad_field("type", "batch tokens aren't supported; use a service token");
  }
  if (type && !type->empty() && *type != "service") return bad_field("type", "must be \"service\"");
  COFFER_TRY(const auto alias, fields.string("entity_alias"));
  if (alias && !alias->empty()) return bad_field("entity_alias", "there are no entities yet");
  return {};
}

Result<auth::Meta> meta_of(const model::Fields& fields) {
  auth::Meta meta;
  COFFER_TRY(const std::optional<model::Fields> object, fields.object("meta"));
  if (!object) return meta;
  const auto names = object->names();
  if (names.size() > kMaxMeta) return bad_field("meta", "at most 64 entries");
  for (const std::string_view name : names) {
    const auto value = object->string(name);
    if (!value.ok() || !*value) return bad_field("meta", "every value must be a string");
    if (name.size() > kMaxMetaName || (*value)->size() > kMaxMetaValue) {
      return bad_field("meta", "names have at most 128 bytes, values at most 512");
    }
    meta.emplace_back(name, **value);
  }
  std::sort(meta.begin(), meta.end());
  return meta;
}

bool plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// "token", or "token-" and what was given, as Vault makes names safe for logs.
Result<std::string> display_name_of(const model::Fields& fields) {
  COFFER_TRY(const auto given, fields.string("display_name"));
  std::string name = "token";
  if (!given || given->empty()) return name;
  if (given->size() > kMaxDisplayName) return bad_field("display_name", "at most 128 bytes");
  name += '-';
  for (const char c : *given) name += plain(c) ? c : '-';
  while (name.ends_with('-')) name.pop_back();
  return name;
}

Result<bool> flag_of(const model::Fields& fields, std::string_view name, bool otherwise) {
  COFFER_TRY(const std::optional<bool> flag, fields.boolean(name));
  return flag.value_or(otherwise);
}

}  // namespace

Error bad_field(std::string_view name, std::string_view why) {
  return make_error(ErrorCode::invalid_argument,
                    "field \"" + std::string(name) + "\": " + std::string(why));
}

Result<std::chrono::seconds> duration_of(const model::Fields& fields, std::string_view name) {
  COFFER_TRY(const auto duration, fields.duration(name));
  if (duration && duration->count() < 0) return bad_field(name, "must not be negative");
  return duration.value_or(std::chrono::seconds(0));
}

Result<std::int64_t> count_of(const model::Fields& fields, std::string_view name) {
  COFFER_TRY(const auto count, fields.integer(name));
  if (count && *count < 0) return bad_field(name, "must not be negative");
  return count.value_or(0);
}

Result<Asked> read_request(const model::Fields& fields) {
  COFFER_CHECK(refuse_unsupported(fields));
  Asked asked;
  COFFER_TRY(const auto policies, fields.strings("policies"));
  if (policies) {
    COFFER_TRY(asked.policies, auth::policy_names(*policies));
  }
  COFFER_TRY(asked.meta, meta_of(fields));
  COFFER_TRY(asked.display_name, display_name_of(fields));
  COFFER_TRY(asked.ttl, duration_of(fields, fields.has("ttl") ? "ttl" : "lease"));
  COFFER_TRY(asked.explicit_max_ttl, duration_of(fields, "explicit_max_ttl"));
  COFFER_TRY(asked.period, duration_of(fields, "period"));
  COFFER_TRY(asked.num_uses, count_of(fields, "num_uses"));
  COFFER_TRY(asked.renewable, flag_of(fields, "renewable", true));
  COFFER_TRY(asked.no_parent, flag_of(fields, "no_parent", false));
  COFFER_TRY(asked.no_default_policy, flag_of(fields, "no_default_policy", false));
  return asked;
}

}  // namespace coffer::engines::token
