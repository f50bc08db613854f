// KV version 1: one value a path, no history. Its rows are those of version 2 with one version
// kept, so a mount can be taken from one to the other as it stands.
#include "coffer/model/duration.h"
#include "handlers.h"
#include "stored_key.h"

namespace coffer::engines::kv {
namespace {

using engine::Context;
using model::Operation;
using model::Request;
using model::Response;

constexpr engine::PathRule kPaths[] = {
    {.operation = Operation::read, .pattern = "*", .help = "Read a secret."},
    {.operation = Operation::update,
     .pattern = "*",
     .help =
         "Write a secret: the whole body replaces what was there. `ttl` in it tells readers, as "
         "lease_duration, after what time to read again."},
    {.operation = Operation::remove, .pattern = "*", .help = "Remove a secret for good."},
    {.operation = Operation::list,
     .pattern = "*",
     .help = "List the keys and folders directly under a path."},
    {.operation = Operation::scan,
     .pattern = "*",
     .help = "List all keys below a path that the caller may read."},
};

/// What a mount without a setting of its own tells: Vault's 32 days.
constexpr std::chrono::seconds kDefaultLease = std::chrono::hours(768);
constexpr KvConfig kOneVersion{.max_versions = 1};

/// Not a lease: a hint of the writer's. One that can't be read is none, as in Vault.
std::chrono::seconds lease_of(const Context& context, const std::string& value) {
  const auto of_mount = context.mount.config.default_lease_ttl;
  const auto fallback = of_mount.count() > 0 ? of_mount : kDefaultLease;
  for (const std::string_view name : {"ttl", "lease"}) {
    // Parsed only if it may be there.
    if (value.find("\"" + std::string(name) + "\"") == std::string::npos) continue;
    const auto fields = model::Fields::parse(value);
    if (!fields.ok() || !fields->has(name)) continue;
    const auto ttl = fields->duration(name);
    return ttl.ok() && *ttl && (*ttl)->count() >= 0 ? **ttl : fallback;
  }
  return fallback;
}

Result<Response> read(Context& context, std::string_view path) {
  COFFER_TRY(const StoredKey key, load(context, path));
  if (!key.metadata.versions.contains(key.metadata.current_version)) return no_such_secret();
  COFFER_TRY(std::string value, open_version(context, path, key.metadata.current_version));
  const auto lease = lease_of(context, value);
  return Response{.data = std::move(value), .lease_duration = lease};
}

Result<Response> write(Context& context, const Request& request, std::string_view path) {
  if (request.fields.empty()) {
    return make_error(ErrorCode::invalid_argument, "missing data fields");
  }
  COFFER_TRY(StoredKey key, load(context, path));
  COFFER_CHECK(add_version(context, path, key, kOneVersion, request.fields.text()));
  return Response{.outcome = model::Outcome::empty};
}

Result<Response> remove(Context& context, std::string_view path) {
  COFFER_TRY(StoredKey key, load(context, path));
  if (!key.is_new()) COFFER_CHECK(remove_key(context, path, key));
  return Response{.outcome = model::Outcome::empty};
}

}  // namespace

std::span<const engine::PathRule> paths_of_version1() noexcept { return kPaths; }

Result<bool> exists_in_version1(Context& context, std::string_view path) {
  COFFER_TRY(const StoredKey key, load(context, path));
  return !key.is_new();
}

Result<Response> handle_version1(Context& context, const Request& request, std::string_view path) {
  if (request.operation == Operation::list) return list_keys(context, request, path);
  if (request.operation == Operation::scan) return scan_keys_of_version1(context, request, path);
  COFFER_CHECK(check_key_path(path));
  switch (request.operation) {
    case Operation::read: return read(context, path);
    case Operation::create:
    case Operation::update: return write(context, request, path);
    case Operation::remove: return remove(context, path);
    case Operation::patch:
    case Operation::list:
    case Operation::scan:
    case Operation::help: break;
  }
  return make_error(ErrorCode::unsupported, "unsupported operation");
}

}  // namespace coffer::engines::kv
