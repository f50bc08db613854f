#include "mount_json.h"

#include <algorithm>

#include "coffer/model/paths.h"

namespace coffer::sys {
namespace {

/// 768 h, as Vault has it.
constexpr std::chrono::hours kSystemTtl{768};

void append_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  json.key(name).begin_array();
  for (const std::string& text : texts) json.string(text);
  json.end_array();
}

Result<void> take_ttl(const model::Fields& fields, std::string_view name,
                      std::chrono::seconds& out) {
  // "system" and "" take the system's; that is how Vault's tune puts it back.
  const auto text = fields.string(name);
  if (text.ok() && *text && ((*text)->empty() || **text == "system")) {
    out = std::chrono::seconds(0);
    return {};
  }
  COFFER_TRY(const std::optional<std::chrono::seconds> ttl, fields.duration(name));
  if (!ttl) return {};
  if (*ttl < std::chrono::seconds(0)) {
    return invalid(std::string("field \"").append(name) + "\" must not be negative");
  }
  out = *ttl;
  return {};
}

Result<void> check_ttls(const engine::MountConfig& config) {
  const auto most = config.max_lease_ttl.count() > 0 ? config.max_lease_ttl : kSystemTtl;
  if (config.default_lease_ttl <= most) return {};
  return invalid("field \"default_lease_ttl\" is longer than \"max_lease_ttl\"");
}

}  // namespace

void append_config(JsonWriter& json, const engine::MountConfig& config, bool effective) {
  const auto shown = [&](std::chrono::seconds ttl) {
    return effective && ttl.count() == 0 ? std::chrono::seconds(kSystemTtl).count() : ttl.count();
  };
  json.key("default_lease_ttl").number(shown(config.default_lease_ttl));
  json.key("max_lease_ttl").number(shown(config.max_lease_ttl));
  json.key("force_no_cache").boolean(config.force_no_cache);
  if (!config.listing_visibility.empty()) {
    json.key("listing_visibility").string(config.listing_visibility);
  }
  append_texts(json, "audit_non_hmac_request_keys", config.audit_non_hmac_request_keys);
  append_texts(json, "audit_non_hmac_response_keys", config.audit_non_hmac_response_keys);
}

void append_mount(JsonWriter& json, const engine::Mount& mount) {
  json.key("accessor").string(mount.accessor).key("config").begin_object();
  append_config(json, mount.config, false);
  json.end_object();
  json.key("description").string(mount.description).key("external_entropy_access").boolean(false);
  json.key("local").boolean(false).key("options");
  if (mount.options.empty()) {
    json.null();
  } else {
    json.begin_object();
    for (const auto& [name, value] : mount.options) json.key(name).string(value);
    json.end_object();
  }
  json.key("seal_wrap").boolean(false).key("type").string(mount.type);
  json.key("uuid").string(to_string(mount.uuid));
}

Result<std::string> mount_path(std::string_view path) {
  if (path.empty() || path == "/") return invalid("the path of the mount is missing");
  std::string out(path);
  if (!out.ends_with('/')) out.push_back('/');
  return out;
}

Result<std::string> canonical_mount(std::string_view field) {
  COFFER_TRY(std::string path, model::canonical_path(field));
  if (field.find('%') != std::string_view::npos) return invalid("a mount's path may hold no %");
  return mount_path(path);
}

Result<void> check_free(const core::MountTable& table, const std::string& path) {
  for (const std::string_view reserved : {"sys/", "cubbyhole/", "identity/"}) {
    if (path.starts_with(reserved)) return invalid("cannot mount there: it is the vault's own");
  }
  if (path == core::kAuthPrefix) return invalid("cannot mount there: it is the vault's own");
  if (const engine::Mount* other = table.in_the_way(path)) {
    return invalid("path is already in use at " + other->path);
  }
  return {};
}

Result<void> apply_config(const model::Fields& fields, engine::Mount& mount) {
  engine::MountConfig& config = mount.config;
  COFFER_CHECK(take_ttl(fields, "default_lease_ttl", config.default_lease_ttl));
  COFFER_CHECK(take_ttl(fields, "max_lease_ttl", config.max_lease_ttl));
  COFFER_CHECK(check_ttls(config));
  COFFER_TRY(const std::optional<bool> no_cache, fields.boolean("force_no_cache"));
  if (no_cache) config.force_no_cache = *no_cache;
  COFFER_TRY(const std::optional<std::string> visibility, fields.string("listing_visibility"));
  if (visibility) {
    if (!visibility->empty() && *visibility != "hidden" && *visibility != "unauth") {
      return invalid("field \"listing_visibility\" must be \"hidden\", \"unauth\" or empty");
    }
    config.listing_visibility = *visibility;
  }
  for (const std::string_view name :
       {"audit_non_hmac_request_keys", "audit_non_hmac_response_keys"}) {
    COFFER_TRY(const auto keys, fields.strings(name));
    // To take it and hash all the same would be safe, but a reader of the log would look in vain.
    if (keys && !keys->empty()) {
      return invalid(std::string("field \"").append(name) + "\": all values are hashed here");
    }
  }
  return {};
}

Result<void> apply_options(const model::Fields& fields, engine::Mount& mount) {
  COFFER_TRY(const std::optional<model::Fields> options, fields.object("options"));
  if (!options) return {};
  for (const std::string_view name : options->names()) {
    COFFER_TRY(std::optional<std::string> value, options->string(name));
    if (!value) continue;
    const auto known = std::find_if(mount.options.begin(), mount.options.end(),
                                    [&](const auto& option) { return option.first == name; });
    if (known == mount.options.end()) {
      mount.options.emplace_back(name, *std::move(value));
    } else {
      known->second = *std::move(value);
    }
  }
  return {};
}

}  // namespace coffer::sys
