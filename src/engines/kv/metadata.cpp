// metadata/: what is known of a secret beside its values.
#include "coffer/model/duration.h"
#include "custom_metadata.h"
#include "handlers.h"
#include "rotation_fields.h"
#include "settings.h"
#include "version_answer.h"

namespace coffer::engines::kv {
namespace {

using engine::Context;
using model::Request;
using model::Response;

/// As in Vault: 0 until the first one was dropped.
std::uint64_t oldest_version(const KeyMetadata& metadata) {
  if (metadata.versions.empty()) return 0;
  const std::uint64_t oldest = metadata.versions.begin()->first;
  return oldest == 1 ? 0 : oldest;
}

void append_versions(model::JsonWriter& json, const KeyMetadata& metadata) {
  json.key("versions").begin_object();
  for (const auto& [version, state] : metadata.versions) {
    json.key(std::to_string(version)).begin_object();
    json.key("created_time").string(to_rfc3339(state.created));
    json.key("deletion_time").string(deletion_text(state));
    json.key("destroyed").boolean(state.destroyed).end_object();
  }
  json.end_object();
}

/// Checks everything before it changes anything.
Result<void> change(const Request& request, KeyMetadata& metadata, bool patch) {
  COFFER_TRY(const Settings settings, read_settings(request.fields, patch));
  COFFER_TRY(const std::optional<model::Fields> custom, request.fields.object("custom_metadata"));
  if (custom) {
    COFFER_TRY(metadata.custom,
               merged_custom(patch ? metadata.custom : CustomMetadata(), *custom, patch));
  } else if (patch && is_null(request.fields, "custom_metadata")) {
    metadata.custom.clear();
  }
  apply(settings, metadata);
  return {};
}

}  // namespace

Result<Response> read_metadata(Context& context, const Request& /*request*/,
                               std::string_view path) {
  COFFER_TRY(const StoredKey key, load(context, path));
  if (key.is_new()) return no_such_secret();
  const KeyMetadata& metadata = key.metadata;
  model::JsonWriter json;
  json.begin_object().key("cas_required").boolean(metadata.cas_required);
  json.key("created_time").string(to_rfc3339(metadata.created));
  json.key("current_version").number(static_cast<std::int64_t>(metadata.current_version));
  append_custom_metadata(json, metadata);
  json.key("delete_version_after").string(model::to_text(metadata.delete_version_after));
  json.key("max_versions").number(metadata.max_versions);
  json.key("oldest_version").number(static_cast<std::int64_t>(oldest_version(metadata)));
  json.key("updated_time").string(to_rfc3339(metadata.updated));
  append_versions(json, metadata);
  // Ours alone, and only where there is something to say.
  COFFER_TRY(const StoredRotation rotated, load_rotation(context, path));
  if (rotated.row_version != 0) {
    json.key("rotation").begin_object().key("rotator").string(rotated.rotation.plan.rotator);
    append_stages(json, rotated.rotation, metadata.current_version);
    json.end_object();
  }
  json.end_object();
  return Response{.data = std::move(json).take()};
}

Result<Response> write_metadata(Context& context, const Request& request, std::string_view path) {
  COFFER_TRY(StoredKey key, load(context, path));
  COFFER_CHECK(change(request, key.metadata, false));
  COFFER_CHECK(save(context, path, key));
  return Response{.outcome = model::Outcome::empty};
}

Result<Response> patch_metadata(Context& context, const Request& request, std::string_view path) {
  COFFER_TRY(StoredKey key, load(context, path));
  if (key.is_new()) return no_such_secret();
  COFFER_CHECK(change(request, key.metadata, true));
  COFFER_CHECK(save(context, path, key));
  return Response{.outcome = model::Outcome::empty};
}

Result<Response> delete_metadata(Context& context, const Request& /*request*/,
                                 std::string_view path) {
  COFFER_TRY(StoredKey key, load(context, path));
  if (!key.is_new()) COFFER_CHECK(remove_key(context, path, key));
  return Response{.outcome = model::Outcome::empty};
}

}  // namespace coffer::engines::kv
