#include "answer.h"

#include "coffer/model/json_writer.h"

namespace coffer::engines::token {
namespace {

using model::JsonWriter;

std::int64_t unix_seconds(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

void put_strings(JsonWriter& json, std::string_view key, const std::vector<std::string>& strings) {
  json.key(key).begin_array();
  for (const std::string& text : strings) json.string(text);
  json.end_array();
}

void put_meta(JsonWriter& json, const auth::Meta& meta) {
  json.key("meta");
  if (meta.empty()) {
    json.null();
    return;
  }
  json.begin_object();
  for (const auto& [name, value] : meta) json.key(name).string(value);
  json.end_object();
}

void put_times(JsonWriter& json, const auth::Token& token, WallTime now) {
  json.key("creation_time").number(unix_seconds(token.created));
  json.key("creation_ttl").number(token.terms.ttl.count());
  json.key("expire_time");
  if (token.never_expires()) {
    json.null();
  } else {
    json.string(to_rfc3339(token.expires));
  }
  json.key("explicit_max_ttl").number(token.terms.explicit_max_ttl.count());
  json.key("issue_time").string(to_rfc3339(token.created));
  if (token.issued != token.created) {
    json.key("last_renewal").string(to_rfc3339(token.issued));
    json.key("last_renewal_time").number(unix_seconds(token.issued));
  }
  if (token.terms.period.count() > 0) json.key("period").number(token.terms.period.count());
  json.key("ttl").number(token.remaining(now).count());
}

std::string_view member(const model::Caller& caller, std::string_view name) {
  for (const auto& [key, value] : caller.metadata) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace

std::string lookup_data(const auth::Token& token, std::string_view id, WallTime now,
                        Parent parent) {
  const auth::TokenTerms& terms = token.terms;
  JsonWriter json;
  json.begin_object();
  json.key("accessor").string(token.accessor);
  put_times(json, token, now);
  json.key("display_name").string(terms.display_name);
  json.key("entity_id").string({});
  json.key("id").string(id);
  put_meta(json, terms.meta);
  json.key("num_uses").number(terms.num_uses);
  json.key("orphan").boolean(token.parent.empty());
  if (parent == Parent::told && !token.parent.empty()) json.key("parent").string(token.parent);
  json.key("path").string(terms.path);
  put_strings(json, "policies", terms.policies);
  json.key("renewable").boolean(terms.renewable);
  if (!terms.role.empty()) json.key("role").string(terms.role);
  json.key("type").string("service");
  json.end_object();
  return std::move(json).take();
}

std::string lookup_data(const model::Caller& peer) {
  JsonWriter json;
  json.begin_object();
  json.key("accessor").string(peer.accessor);
  json.key("creation_time").number(0);
  json.key("creation_ttl").number(0);
  json.key("display_name").string(peer.display_name);
  json.key("entity_id").string({});
  json.key("expire_time").null();
  json.key("explicit_max_ttl").number(0);
  json.key("id").string({});
  json.key("issue_time").null();
  put_meta(json, peer.metadata);
  json.key("num_uses").number(0);
  json.key("orphan").boolean(true);
  json.key("path").string("auth/unix");
  put_strings(json, "policies", peer.policies);
  json.key("renewable").boolean(false);
  json.key("role").string(member(peer, "role"));
  json.key("ttl").number(0);
  json.key("type").string(peer.token_type);
  json.key("uid").raw(member(peer, "uid").empty() ? "null" : member(peer, "uid"));
  json.end_object();
  return std::move(json).take();
}

model::Auth auth_of(const auth::Token& token, std::string_view id, WallTime now) {
  model::Auth auth;
  auth.client_token = id;
  auth.accessor = token.accessor;
  auth.display_name = token.terms.display_name;
  auth.policies = token.terms.policies;
  auth.metadata = token.terms.meta;
  auth.lease_duration = token.remaining(now);
  auth.renewable = token.terms.renewable;
  auth.orphan = token.parent.empty();
  auth.num_uses = token.terms.num_uses;
  auth.token_type = "service";
  return auth;
}

std::string role_data(std::string_view name, const auth::TokenRole& role) {
  JsonWriter json;
  json.begin_object();
  put_strings(json, "allowed_entity_aliases", {});
  put_strings(json, "allowed_policies", role.allowed_policies);
  put_strings(json, "allowed_policies_glob", role.allowed_policies_glob);
  put_strings(json, "disallowed_policies", role.disallowed_policies);
  put_strings(json, "disallowed_policies_glob", role.disallowed_policies_glob);
  json.key("explicit_max_ttl").number(role.explicit_max_ttl.count());
  json.key("name").string(name);
  json.key("orphan").boolean(role.orphan);
  json.key("path_suffix").string(role.path_suffix);
  json.key("period").number(role.period.count());
  json.key("renewable").boolean(role.renewable);
  put_strings(json, "token_bound_cidrs", {});
  json.key("token_explicit_max_ttl").number(role.explicit_max_ttl.count());
  json.key("token_no_default_policy").boolean(role.no_default_policy);
  json.key("token_num_uses").number(role.num_uses);
  json.key("token_period").number(role.period.count());
  json.key("token_type").string("service");
  json.end_object();
  return std::move(json).take();
}

std::string keys_data(const std::vector<std::string>& keys) {
  JsonWriter json;
  json.begin_object();
  put_strings(json, "keys", keys);
  json.end_object();
  return std::move(json).take();
}

}  // namespace coffer::engines::token
