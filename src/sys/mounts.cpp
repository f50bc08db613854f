// Mounting, tuning, unmounting: secret engines at sys/mounts, auth methods at sys/auth. They differ
// in the prefix of their paths alone.
#include "coffer/crypto/random.h"
#include "mount_json.h"

namespace coffer::sys {
namespace {

constexpr std::string_view kMounts = "mounts/";
constexpr std::string_view kAuth = "auth/";
constexpr std::string_view kTune = "/tune";

/// Which of the two tables a request means.
struct Side {
  bool auth = false;
  [[nodiscard]] std::string whole(std::string_view path) const {
    return (auth ? std::string(core::kAuthPrefix) : std::string()).append(path);
  }
  [[nodiscard]] bool has(const engine::Mount& mount) const {
    return mount.path.starts_with(core::kAuthPrefix) == auth;
  }
  [[nodiscard]] std::string_view shown(const engine::Mount& mount) const {
    return std::string_view(mount.path).substr(auth ? core::kAuthPrefix.size() : 0);
  }
};

Side side_of(const Call& call) { return {call.path.starts_with("auth")}; }

/// The whole path of the mount that the request names, `/tune` left off. With a slash at its end it
/// would be another path to the policies, and the same mount here.
Result<std::string> named_path(const Call& call, bool tune) {
  const Side side = side_of(call);
  std::string_view path = below(call.path, side.auth ? kAuth : kMounts);
  if (path.ends_with('/')) return invalid("path refused: a slash at its end");
  if (tune) path.remove_suffix(kTune.size());
  COFFER_TRY(const std::string named, mount_path(path));
  return side.whole(named);
}

Result<const core::MountTable::Entry*> find(const core::MountTable& table,
                                            const std::string& path) {
  const core::MountTable::Entry* entry = table.at(path);
  if (entry != nullptr) return entry;
  return invalid("no mount at this path");
}

Result<Response> list(Call& call) {
  const Side side = side_of(call);
  COFFER_TRY(const auto table, call.vault->mounts->table(call.context.tx));
  JsonWriter json;
  json.begin_object();
  for (const auto& entry : table->all()) {
    if (!side.has(entry.mount)) continue;
    json.key(side.shown(entry.mount)).begin_object();
    append_mount(json, entry.mount);
    json.end_object();
  }
  json.end_object();
  Response response = answer(std::move(json));
  response.repeat_data = true;
  return response;
}

Result<Response> read_tune(Call& call) {
  COFFER_TRY(const std::string path, named_path(call, true));
  COFFER_TRY(const auto table, call.vault->mounts->table(call.context.tx));
  COFFER_TRY(const auto* entry, find(*table, path));
  JsonWriter json;
  json.begin_object().key("description").string(entry->mount.description);
  append_config(json, entry->mount.config, true);
  if (!entry->mount.options.empty()) {
    json.key("options").begin_object();
    for (const auto& [name, value] : entry->mount.options) json.key(name).string(value);
    json.end_object();
  }
  if (side_of(call).auth) json.key("token_type").string("default-service");
  json.end_object();
  Response response = answer(std::move(json));
  response.repeat_data = true;
  return response;
}

Result<Response> read(Call& call) {
  if (call.path.ends_with(kTune)) return read_tune(call);
  COFFER_TRY(const std::string path, named_path(call, false));
  COFFER_TRY(const auto table, call.vault->mounts->table(call.context.tx));
  COFFER_TRY(const auto* entry, find(*table, path));
  JsonWriter json;
  json.begin_object();
  append_mount(json, entry->mount);
  json.end_object();
  Response response = answer(std::move(json));
  response.repeat_data = true;
  return response;
}

/// "kv-v2" is how the CLI says kv with version 2.
Result<void> set_type(const model::Fields& fields, engine::Mount& mount) {
  COFFER_TRY(mount.type, required(fields, "type"));
  if (mount.type == "kv-v2" || mount.type == "kv-v1") {
    mount.options.emplace_back("version", mount.type.substr(mount.type.size() - 1));
    mount.type = "kv";
  }
  return {};
}

Result<void> check_options(const engine::Mount& mount) {
  for (const auto& [name, value] : mount.options) {
    if (mount.type != "kv" || name != "version")
      return invalid("field \"options\": unknown option");
    if (value != "1" && value != "2") return invalid("option \"version\" must be \"1\" or \"2\"");
  }
  return {};
}

Result<engine::Mount> new_mount(const model::Fields& fields, const std::string& path) {
  engine::Mount mount;
  mount.path = path;
  COFFER_CHECK(set_type(fields, mount));
  COFFER_TRY(const std::optional<std::string> description, fields.string("description"));
  mount.description = description.value_or("");
  COFFER_CHECK(apply_options(fields, mount));
  COFFER_CHECK(check_options(mount));
  COFFER_TRY(const std::optional<model::Fields> config, fields.object("config"));
  if (config) COFFER_CHECK(apply_config(*config, mount));
  COFFER_TRY(mount.uuid, crypto::random_uuid());
  mount.accessor = mount.type + "_" + to_string(mount.uuid).substr(0, 8);
  return mount;
}

Result<Response> enable(Call& call) {
  const Side side = side_of(call);
  COFFER_TRY(const std::string path, named_path(call, false));
  COFFER_TRY(const engine::Mount mount, new_mount(call.request.fields, path));
  const auto kind = side.auth ? core::Engines::Kind::auth : core::Engines::Kind::secrets;
  if (!call.vault->engines.offers(mount.type, kind)) {
    return invalid(side.auth ? "field \"type\": no auth method of this type can be enabled"
                             : "field \"type\": no secrets engine of this type can be enabled");
  }
  COFFER_TRY(const auto table, call.vault->mounts->table(call.context.tx));
  if (!side.auth && path.starts_with(core::kAuthPrefix)) {
    return invalid("auth methods are enabled at sys/auth");
  }
  COFFER_CHECK(check_free(*table, path));
  COFFER_CHECK(call.vault->mounts->create(call.context.tx, mount));
  return no_content();
}

Result<Response> tune(Call& call) {
  COFFER_TRY(const std::string path, named_path(call, true));
  COFFER_TRY(const auto table, call.vault->mounts->table(call.context.tx));
  COFFER_TRY(const auto* entry, find(*table, path));
  if (entry->builtin) return invalid("this mount is the vault's own and can't be tuned");
  engine::Mount mount = entry->mount;
  const model::Fields& fields = call.request.fields;
  COFFER_CHECK(apply_config(fields, mount));
  COFFER_TRY(const std::optional<std::string> description, fields.string("description"));
  if (description) mount.description = *description;
  COFFER_CHECK(apply_options(fields, mount));
  COFFER_CHECK(check_options(mount));
  // Version 1's rows are those of version 2 with one version kept, so it goes up as it stands. Down
  // it would lose what version 2 has beside them.
  if (entry->mount.option("version") == "2" && mount.option("version") != "2") {
    return invalid("option \"version\" can't go down: what version 1 doesn't know would be lost");
  }
  COFFER_CHECK(call.vault->mounts->replace(call.context.tx, mount));
  return no_content();
}

Result<Response> update(Call& call) {
  return call.path.ends_with(kTune) ? tune(call) : enable(call);
}

Result<Response> disable(Call& call) {
  COFFER_TRY(const std::string path, named_path(call, false));
  COFFER_TRY(const auto table, call.vault->mounts->table(call.context.tx));
  const core::MountTable::Entry* entry = table->at(path);
  if (entry == nullptr) return no_content();
  if (entry->builtin) return invalid("this mount is the vault's own and can't be disabled");
  COFFER_CHECK(call.vault->mounts->remove(call.context.tx, entry->mount, call.context.now));
  // Its leases end when its engine clears it: the engine alone knows which are this mount's, and
  // not of one that was at this path before.
  return no_content();
}

}  // namespace

std::span<const Handler> mount_handlers() {
  static constexpr Handler kHandlers[] = {
      {{.operation = Operation::read, .pattern = "mounts", .help = "All secrets engines."}, list},
      {{.operation = Operation::read,
        .pattern = "mounts/*",
        .help = "One secrets engine; with /tune behind the path, its configuration."},
       read},
      {{.operation = Operation::update,
        .pattern = "mounts/*",
        .help = "Enable a secrets engine of `type` here: `description`, `config`, `options`. With "
                "/tune behind the path, change these."},
       update},
      {{.operation = Operation::remove,
        .pattern = "mounts/*",
        .help = "Disable a secrets engine. All that it holds is gone."},
       disable},
      {{.operation = Operation::read, .pattern = "auth", .help = "All auth methods."}, list},
      {{.operation = Operation::read,
        .pattern = "auth/*",
        .sudo = true,
        .help = "One auth method; with /tune behind the path, its configuration."},
       read},
      {{.operation = Operation::update,
        .pattern = "auth/*",
        .sudo = true,
        .help = "Enable an auth method of `type` here; with /tune behind the path, change it."},
       update},
      {{.operation = Operation::remove,
        .pattern = "auth/*",
        .sudo = true,
        .help = "Disable an auth method. All its roles are gone."},
       disable},
  };
  return kHandlers;
}

}  // namespace coffer::sys
