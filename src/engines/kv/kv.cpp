#include "coffer/engines/kv/kv.h"

#include <algorithm>

#include "coffer/model/json_writer.h"
#include "key_metadata.h"
#include "tables.h"

namespace coffer::engines::kv {
namespace {

using engine::Context;
using engine::Expect;
using model::Operation;
using model::Request;
using model::Response;

constexpr std::uint32_t kDefaultMaxVersions = 10;
constexpr std::string_view kData = "data/";
constexpr std::string_view kMetadata = "metadata/";

constexpr engine::PathRule kPaths[] = {
    {.operation = Operation::read,
     .pattern = "data/*",
     .help = "Read a secret: its latest version, or the one that `version` names."},
    {.operation = Operation::update,
     .pattern = "data/*",
     .help =
         "Write a new version of a secret: `data` is the secret, `options.cas` the version that "
         "must be the latest (0: none may exist)."},
    {.operation = Operation::remove,
     .pattern = "data/*",
     .help = "Delete the latest version of a secret; it can be undeleted."},
    {.operation = Operation::list,
     .pattern = "metadata/*",
     .help = "List the keys and folders directly under a path."},
};

/// A key's metadata together with the version of its row, which a write must find unchanged.
struct StoredKey {
  KeyMetadata metadata;
  engine::RowVersion row_version = 0;  ///< 0: there is no such key yet
};

Result<StoredKey> load(Context& context, std::string_view path) {
  COFFER_TRY(const std::optional<engine::OpenedRow> row,
             context.tx.read(metadata_row(context.mount.uuid, path)));
  if (!row) return StoredKey{};
  COFFER_TRY(KeyMetadata metadata, decode(row->value));
  return StoredKey{std::move(metadata), row->version};
}

Result<void> save(Context& context, std::string_view path, const StoredKey& key) {
  return context.tx.write(
      metadata_row(context.mount.uuid, path), encode(key.metadata),
      key.row_version == 0 ? Expect::absent() : Expect::unchanged(key.row_version));
}

void append_version_fields(model::JsonWriter& json, const KeyMetadata& metadata,
                           std::uint64_t version, const VersionState& state) {
  json.key("created_time").string(to_rfc3339(state.created));
  json.key("custom_metadata");
  if (metadata.custom.empty()) {
    json.null();
  } else {
    json.begin_object();
    for (const auto& [name, value] : metadata.custom) json.key(name).string(value);
    json.end_object();
  }
  json.key("deletion_time")
      .string(state.has_deletion() ? to_rfc3339(state.deletion) : std::string());
  json.key("destroyed").boolean(state.destroyed);
  json.key("version").number(static_cast<std::int64_t>(version));
}

/// `value` empty: the version is deleted or destroyed, and shows as null.
std::string read_answer(const KeyMetadata& metadata, std::uint64_t version,
                        const VersionState& state, std::string_view value) {
  model::JsonWriter json;
  json.begin_object().key("data");
  if (value.empty()) {
    json.null();
  } else {
    json.raw(value);
  }
  json.key("metadata").begin_object();
  append_version_fields(json, metadata, version, state);
  json.end_object().end_object();
  return std::move(json).take();
}

Error no_such_secret() { return make_error(ErrorCode::not_found, ""); }

Result<std::uint64_t> wanted_version(const Request& request, const KeyMetadata& metadata) {
  COFFER_TRY(const std::optional<std::int64_t> version, request.fields.integer("version"));
  if (!version || *version == 0) return metadata.current_version;
  if (*version < 0) {
    return make_error(ErrorCode::invalid_argument, "field \"version\" must not be negative");
  }
  return static_cast<std::uint64_t>(*version);
}

Result<Response> read(Context& context, const Request& request, std::string_view path) {
  COFFER_TRY(const StoredKey key, load(context, path));
  COFFER_TRY(const std::uint64_t version, wanted_version(request, key.metadata));
  const auto found = key.metadata.versions.find(version);
  if (found == key.metadata.versions.end()) return no_such_secret();
  const VersionState& state = found->second;
  Response response;
  if (state.destroyed || state.deleted(context.now)) {
    response.outcome = model::Outcome::gone;
    response.data = read_answer(key.metadata, version, state, {});
    return response;
  }
  COFFER_TRY(const std::string value,
             context.tx.open_secret(version_row(context.mount.uuid, path, version),
                                    {context.mount.uuid, std::string(path), version}));
  response.data = read_answer(key.metadata, version, state, value);
  return response;
}

/// vault-api 3.2: absent is unconditional unless required, 0 demands that there is no version.
Result<void> check_cas(const Request& request, const KeyMetadata& metadata) {
  COFFER_TRY(const std::optional<model::Fields> options, request.fields.object("options"));
  std::optional<std::int64_t> cas;
  if (options) {
    COFFER_TRY(cas, options->integer("cas"));
  }
  if (!cas && metadata.cas_required) {
    return make_error(ErrorCode::precondition, "check-and-set parameter required for this call");
  }
  if (cas && (*cas < 0 || static_cast<std::uint64_t>(*cas) != metadata.current_version)) {
    return make_error(ErrorCode::precondition,
                      "check-and-set parameter did not match the current version");
  }
  return {};
}

/// Versions beyond the limit are destroyed: row and data key go.
void drop_oldest(Context& context, std::string_view path, KeyMetadata& metadata) {
  const std::uint32_t limit =
      metadata.max_versions == 0 ? kDefaultMaxVersions : metadata.max_versions;
  while (metadata.versions.size() > limit) {
    const auto oldest = metadata.versions.begin();
    context.tx.erase(version_row(context.mount.uuid, path, oldest->first), Expect::anything());
    metadata.versions.erase(oldest);
  }
}

/// A new key shows in its folder, and that in its own, up to the mount. Folder rows are written
/// whether they are there or not: that bumps their version, and so makes whoever removes an empty
/// folder at the same time lose the race and look again.
Result<void> add_folders(Context& context, std::string_view path) {
  for (const engine::RowName& folder : folder_rows(context.mount.uuid, path)) {
    COFFER_CHECK(context.tx.write(folder, {}, Expect::anything()));
  }
  return {};
}

Result<Response> write(Context& context, const Request& request, std::string_view path) {
  COFFER_TRY(const std::optional<std::string_view> value, request.fields.raw_object("data"));
  if (!value) return make_error(ErrorCode::invalid_argument, "no data provided: field \"data\"");
  COFFER_TRY(StoredKey key, load(context, path));
  COFFER_CHECK(check_cas(request, key.metadata));
  KeyMetadata& metadata = key.metadata;
  if (key.row_version == 0) {
    metadata.created = context.now;
    COFFER_CHECK(add_folders(context, path));
  }
  const std::uint64_t version = ++metadata.current_version;
  VersionState& state = metadata.versions[version];
  state.created = metadata.updated = context.now;
  COFFER_CHECK(context.tx.seal_secret(version_row(context.mount.uuid, path, version),
                                      {context.mount.uuid, std::string(path), version}, *value));
  const VersionState written = state;
  drop_oldest(context, path, metadata);
  COFFER_CHECK(save(context, path, key));
  model::JsonWriter json;
  json.begin_object();
  append_version_fields(json, metadata, version, written);
  json.end_object();
  return Response{.data = std::move(json).take()};
}

Result<Response> remove(Context& context, std::string_view path) {
  COFFER_TRY(StoredKey key, load(context, path));
  const Response done{.outcome = model::Outcome::empty};
  const auto latest = key.metadata.versions.find(key.metadata.current_version);
  if (latest == key.metadata.versions.end() || latest->second.destroyed ||
      latest->second.deleted(context.now)) {
    return done;
  }
  latest->second.deletion = key.metadata.updated = context.now;
  COFFER_CHECK(save(context, path, key));
  return done;
}

Result<Response> list(Context& context, std::string_view folder) {
  const Uuid& mount = context.mount.uuid;
  COFFER_TRY(const auto keys, context.tx.list({mount, kMetadataTable}, folder));
  COFFER_TRY(const auto folders, context.tx.list({mount, kFolderTable}, folder));
  std::vector<std::string_view> names;
  names.reserve(keys.size() + folders.size());
  for (const auto& row : keys) names.push_back(row.name);
  for (const auto& row : folders) names.push_back(row.name);
  if (names.empty()) return no_such_secret();
  std::sort(names.begin(), names.end());
  model::JsonWriter json;
  json.begin_object().key("keys").begin_array();
  for (const std::string_view name : names) json.string(name);
  json.end_array().end_object();
  return Response{.data = std::move(json).take()};
}

class KvEngine final : public engine::Engine {
 public:
  [[nodiscard]] std::span<const engine::PathRule> paths() const override { return kPaths; }

  [[nodiscard]] Result<bool> exists(Context& context, std::string_view path) override {
    if (!path.starts_with(kData)) return true;
    COFFER_TRY(const StoredKey key, load(context, path.substr(kData.size())));
    return key.row_version != 0;
  }

  [[nodiscard]] Result<Response> handle(Context& context, const Request& request,
                                        std::string_view path) override {
    if (request.operation == Operation::list) return list(context, path.substr(kMetadata.size()));
    const std::string_view key = path.substr(kData.size());
    if (key.empty()) return make_error(ErrorCode::invalid_argument, "missing path of the secret");
    if (key.ends_with('/')) {
      return make_error(ErrorCode::invalid_argument, "path of a secret must not end in a slash");
    }
    switch (request.operation) {
      case Operation::read: return read(context, request, key);
      case Operation::create:
      case Operation::update: return write(context, request, key);
      case Operation::remove: return remove(context, key);
      case Operation::list:
      case Operation::scan:
      case Operation::patch:
      case Operation::help: break;
    }
    return make_error(ErrorCode::unsupported, "unsupported operation");
  }
};

}  // namespace

std::unique_ptr<engine::Engine> make_engine() { return std::make_unique<KvEngine>(); }

}  // namespace coffer::engines::kv
