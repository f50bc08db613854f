#include "coffer/sys/sys.h"

#include "coffer/base/version.h"
#include "coffer/model/json_writer.h"
#include "coffer/policy/policy.h"

namespace coffer::sys {
namespace {

using engine::Context;
using model::JsonWriter;
using model::Operation;
using model::Response;

constexpr std::string_view kUiMounts = "internal/ui/mounts";
constexpr int kOk = 200;
constexpr int kUnavailable = 503;

constexpr engine::PathRule kPaths[] = {
    {.operation = Operation::read,
     .pattern = "health",
     .open = true,
     .while_sealed = true,
     .help = "Is this vault initialised, unsealed, and able to serve?"},
    {.operation = Operation::read,
     .pattern = "seal-status",
     .open = true,
     .while_sealed = true,
     .help = "The state of the seal."},
    {.operation = Operation::read,
     .pattern = "leader",
     .open = true,
     .while_sealed = true,
     .help = "Whether there are several nodes: there is one."},
    {.operation = Operation::read,
     .pattern = "internal/ui/mounts",
     .open = true,
     .help = "The mounts that the caller may see."},
    {.operation = Operation::read,
     .pattern = "internal/ui/mounts/*",
     .open = true,
     .help = "The mount that a path lies in; clients ask it for the version of KV."},
};

Response bare(JsonWriter json, int status = kOk) {
  return {.outcome = model::Outcome::bare, .data = std::move(json).take(), .status = status};
}

void append_identity(JsonWriter& json, const core::State& state) {
  json.key("version").string(kVersion).key("cluster_name").string("coffer");
  json.key("cluster_id").string(to_string(state.vault()));
}

/// Vault's codes: 200 when this node serves. A vault that can't record what it does doesn't serve.
Response health(const core::State& state, WallTime now) {
  const std::string trouble = state.log_trouble();
  JsonWriter json;
  json.begin_object().key("initialized").boolean(true).key("sealed").boolean(false);
  json.key("standby").boolean(false).key("performance_standby").boolean(false);
  json.key("replication_performance_mode").string("disabled");
  json.key("replication_dr_mode").string("disabled");
  json.key("server_time_utc")
      .number(std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
  append_identity(json, state);
  if (!trouble.empty()) {
    json.key("errors").begin_array().string(trouble).end_array();
  }
  json.end_object();
  return bare(std::move(json), trouble.empty() ? kOk : kUnavailable);
}

/// One token opens the vault: one share of one, in Vault's words.
Response seal_status(const core::State& state) {
  JsonWriter json;
  json.begin_object().key("type").string("pkcs11").key("initialized").boolean(true);
  json.key("sealed").boolean(false).key("t").number(1).key("n").number(1);
  json.key("progress").number(0).key("nonce").string("").key("migration").boolean(false);
  json.key("recovery_seal").boolean(false).key("storage_type").string("sqlite");
  json.key("commit_date").string("").key("build_date").string("");
  append_identity(json, state);
  json.end_object();
  return bare(std::move(json));
}

Response leader() {
  JsonWriter json;
  json.begin_object().key("ha_enabled").boolean(false).key("is_self").boolean(true);
  json.key("leader_address").string("").key("leader_cluster_address").string("");
  json.end_object();
  return bare(std::move(json));
}

/// What tune shows of a mount. Times of 0 are the system's defaults.
void append_mount(JsonWriter& json, const engine::Mount& mount) {
  json.key("accessor").string(mount.accessor).key("config").begin_object();
  json.key("default_lease_ttl").number(0).key("max_lease_ttl").number(0);
  json.key("force_no_cache").boolean(false).end_object();
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

bool may_see(const Context& context, const engine::Mount& mount) {
  return context.caller != nullptr &&
         policy::decide(*context.caller, Operation::read, mount.path).allowed;
}

class SysEngine final : public engine::Engine {
 public:
  SysEngine(const core::State& state, const core::Mounts& mounts)
      : state_(state), mounts_(mounts) {}

  [[nodiscard]] std::span<const engine::PathRule> paths() const override { return kPaths; }

  [[nodiscard]] Result<Response> handle(Context& context, const model::Request& /*request*/,
                                        std::string_view path) override {
    if (path == "health") return health(state_, context.now);
    if (path == "seal-status") return seal_status(state_);
    if (path == "leader") return leader();
    if (path == kUiMounts) return visible_mounts(context);
    return mount_of(context, path.substr(kUiMounts.size() + 1));
  }

 private:
  /// An empty map for who may see nothing: the path is open, as Vault's is.
  [[nodiscard]] Result<Response> visible_mounts(Context& context) const {
    JsonWriter json;
    json.begin_object().key("auth").begin_object().end_object().key("secret").begin_object();
    for (const engine::Mount& mount : mounts_.all()) {
      if (!may_see(context, mount)) continue;
      json.key(mount.path).begin_object();
      append_mount(json, mount);
      json.end_object();
    }
    json.end_object().end_object();
    return Response{.data = std::move(json).take()};
  }

  /// An unknown mount and one that the caller may not see are the same to the caller.
  [[nodiscard]] Result<Response> mount_of(Context& context, std::string_view path) const {
    std::string full(path);
    if (!full.ends_with('/')) full.push_back('/');
    const auto route = mounts_.find(full);
    if (!route || !may_see(context, *route->mount)) {
      return make_error(ErrorCode::permission_denied, "permission denied");
    }
    JsonWriter json;
    json.begin_object();
    append_mount(json, *route->mount);
    json.key("path").string(route->mount->path).end_object();
    return Response{.data = std::move(json).take()};
  }

  const core::State& state_;
  const core::Mounts& mounts_;
};

}  // namespace

std::unique_ptr<engine::Engine> make_engine(const core::State& state, const core::Mounts& mounts) {
  return std::make_unique<SysEngine>(state, mounts);
}

engine::Mount mount() {
  return {.path = "sys/",
          .type = "system",
          .uuid = {},
          .accessor = "system_0",
          .description = "system endpoints used for control, policy and debugging",
          .options = {}};
}

}  // namespace coffer::sys
