// The paths of KV version 2, and who answers each.
#include "handlers.h"
#include "stored_key.h"

namespace coffer::engines::kv {
namespace {

using model::Operation;

constexpr engine::PathRule kPaths[] = {
    {.operation = Operation::read,
     .pattern = "config",
     .help = "Read what this mount says for all of its keys."},
    {.operation = Operation::update,
     .pattern = "config",
     .help = "Set what holds for all keys of this mount: `max_versions` (0: ten), `cas_required`, "
             "`delete_version_after` (a duration; 0s: never). What isn't given stays."},
    {.operation = Operation::read,
     .pattern = "data/*",
     .help =
         "Read a secret: its latest version, the one that `version` names, or that of a `stage` "
         "(current, previous, pending). With `after_version`, and `wait` for so long: only if "
         "there is another than that."},
    {.operation = Operation::update,
     .pattern = "data/*",
     .help =
         "Write a new version of a secret: `data` is the secret, `options.cas` the version that "
         "must be the latest (0: none may exist)."},
    {.operation = Operation::patch,
     .pattern = "data/*",
     .help = "Merge `data` into the latest version (RFC 7396: null takes a member out) and write "
             "the result as a new version. The secret must exist and not be deleted."},
    {.operation = Operation::remove,
     .pattern = "data/*",
     .help = "Delete the latest version of a secret; it can be undeleted."},
    {.operation = Operation::update,
     .pattern = "delete/*",
     .help = "Delete the versions whose numbers `versions` lists; they can be undeleted."},
    {.operation = Operation::update,
     .pattern = "undelete/*",
     .help = "Bring back the deleted versions whose numbers `versions` lists."},
    {.operation = Operation::update,
     .pattern = "destroy/*",
     .help =
         "Destroy the versions whose numbers `versions` lists: value and data key go for good."},
    {.operation = Operation::read,
     .pattern = "subkeys/*",
     .help = "Read the names in a secret, with null in place of values: of the latest version or "
             "of `version`; `depth` levels of them (0: all)."},
    {.operation = Operation::list,
     .pattern = "metadata/*",
     .help = "List the keys and folders directly under a path."},
    {.operation = Operation::scan,
     .pattern = "metadata/*",
     .help = "List all keys below a path that the caller may read."},
    {.operation = Operation::read,
     .pattern = "metadata/*",
     .help = "Read what is known of a secret and its versions beside their values."},
    {.operation = Operation::update,
     .pattern = "metadata/*",
     .help = "Set a secret's `max_versions`, `cas_required`, `delete_version_after` and "
             "`custom_metadata` (names and strings); what isn't given stays."},
    {.operation = Operation::patch,
     .pattern = "metadata/*",
     .help = "Change a secret's settings; null takes one back to its default, and a name out of "
             "`custom_metadata`."},
    {.operation = Operation::remove,
     .pattern = "metadata/*",
     .help = "Remove a secret with all its versions and everything known of it, for good."},
    {.operation = Operation::list,
     .pattern = "rotation/*",
     .help = "List the secrets directly under a path that are rotated, and its folders."},
    {.operation = Operation::read,
     .pattern = "rotation/*",
     .help = "Read how a secret is rotated, and how far that is."},
    {.operation = Operation::update,
     .pattern = "rotation/*",
     .help = "Say how a secret is rotated: `rotator` (generate, exec, database), `period` or "
             "`schedule` with `time_zone` and `window`, `jitter`, `password_policy` and `fields`, "
             "`readers_window` and `readers_deadline`, `paused`. What isn't given stays."},
    {.operation = Operation::remove,
     .pattern = "rotation/*",
     .help = "A secret is rotated no more; with `force` also while a new value is being set."},
    {.operation = Operation::update,
     .pattern = "rotate/*",
     .help = "Rotate a secret now, or go on with its rotation now."},
    {.operation = Operation::read,
     .pattern = "readers/*",
     .help = "Who read which version of a rotated secret lately, and who is waited for."},
};

struct Endpoint {
  std::string_view prefix;
  Operation operation;
  Handler handler;
};

constexpr Endpoint kEndpoints[] = {
    {"config", Operation::read, read_config},
    {"config", Operation::update, write_config},
    {"data", Operation::read, read_data},
    {"data", Operation::update, write_data},
    {"data", Operation::patch, patch_data},
    {"data", Operation::remove, delete_data},
    {"delete", Operation::update, delete_versions},
    {"undelete", Operation::update, undelete_versions},
    {"destroy", Operation::update, destroy_versions},
    {"subkeys", Operation::read, read_subkeys},
    {"metadata", Operation::list, list_keys},
    {"metadata", Operation::scan, scan_keys},
    {"metadata", Operation::read, read_metadata},
    {"metadata", Operation::update, write_metadata},
    {"metadata", Operation::patch, patch_metadata},
    {"metadata", Operation::remove, delete_metadata},
};

struct Place {
  std::string_view prefix;
  std::string_view path;
};

Place place_of(std::string_view path) {
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) return {path, {}};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

bool names_a_key(std::string_view prefix, Operation operation) {
  return prefix != "config" && operation != Operation::list && operation != Operation::scan;
}

}  // namespace

std::span<const engine::PathRule> paths_of_version2() noexcept { return kPaths; }

Result<bool> exists_in_version2(engine::Context& context, std::string_view path) {
  const Place place = place_of(path);
  // Vault asks only here; whatever else is written needs `update` (vault-api 1.2).
  if (place.prefix != "data" && place.prefix != "metadata") return true;
  COFFER_TRY(const StoredKey key, load(context, place.path));
  return !key.is_new();
}

Result<model::Response> handle_version2(engine::Context& context, const model::Request& request,
                                        std::string_view path) {
  const Place place = place_of(path);
  const Operation operation =
      request.operation == Operation::create ? Operation::update : request.operation;
  for (const Endpoint& endpoint : kEndpoints) {
    if (endpoint.prefix != place.prefix || endpoint.operation != operation) continue;
    if (names_a_key(place.prefix, operation)) COFFER_CHECK(check_key_path(place.path));
    return endpoint.handler(context, request, place.path);
  }
  return make_error(ErrorCode::unsupported, "unsupported operation");
}

}  // namespace coffer::engines::kv
