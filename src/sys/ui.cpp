// What clients ask first: where a path's mount is, and which version of KV it holds.
#include "mount_json.h"

namespace coffer::sys {
namespace {

constexpr std::string_view kMounts = "internal/ui/mounts/";

/// Whoever may do anything below a mount sees it.
Result<std::shared_ptr<const policy::Acl>> acl_of(Call& call) {
  const model::Caller* caller = call.context.caller;
  if (caller == nullptr) return std::shared_ptr<const policy::Acl>();
  return call.vault->policies->acl(call.context.tx, caller->policies, call.context.now);
}

bool may_see(const policy::Acl* acl, const engine::Mount& mount) {
  return acl != nullptr && acl->any_access_below(mount.path);
}

void append_side(JsonWriter& json, const core::MountTable& table, const policy::Acl* acl,
                 bool auth) {
  json.begin_object();
  for (const auto& entry : table.all()) {
    const engine::Mount& mount = entry.mount;
    if (mount.path.starts_with(core::kAuthPrefix) != auth || !may_see(acl, mount)) continue;
    json.key(std::string_view(mount.path).substr(auth ? core::kAuthPrefix.size() : 0));
    json.begin_object();
    append_mount(json, mount);
    json.end_object();
  }
  json.end_object();
}

/// Empty maps for who may see nothing: the path is open, as Vault's is.
Result<Response> visible(Call& call) {
  COFFER_TRY(const auto table, call.vault->mounts->table(call.context.tx));
  COFFER_TRY(const auto acl, acl_of(call));
  JsonWriter json;
  json.begin_object().key("auth");
  append_side(json, *table, acl.get(), true);
  json.key("secret");
  append_side(json, *table, acl.get(), false);
  json.end_object();
  return answer(std::move(json));
}

/// An unknown mount and one that the caller may not see are the same to the caller.
Result<Response> mount_of(Call& call) {
  std::string path(below(call.path, kMounts));
  if (!path.ends_with('/')) path.push_back('/');
  COFFER_TRY(const auto table, call.vault->mounts->table(call.context.tx));
  COFFER_TRY(const auto acl, acl_of(call));
  const auto route = table->find(path);
  if (!route || !may_see(acl.get(), *route->mount)) {
    return make_error(ErrorCode::permission_denied, "permission denied");
  }
  JsonWriter json;
  json.begin_object();
  append_mount(json, *route->mount);
  json.key("path").string(route->mount->path).end_object();
  return answer(std::move(json));
}

}  // namespace

std::span<const Handler> ui_handlers() {
  static constexpr Handler kHandlers[] = {
      {{.operation = Operation::read,
        .pattern = "internal/ui/mounts",
        .open = true,
        .help = "The mounts that the caller may see."},
       visible},
      {{.operation = Operation::read,
        .pattern = "internal/ui/mounts/*",
        .open = true,
        .help = "The mount that a path lies in; clients ask it for the version of KV."},
       mount_of},
  };
  return kHandlers;
}

}  // namespace coffer::sys
