#include "version_answer.h"

namespace coffer::engines::kv {

Result<std::uint64_t> wanted_version(const model::Request& request, const KeyMetadata& metadata) {
  COFFER_TRY(const std::optional<std::int64_t> version, request.fields.integer("version"));
  if (!version || *version == 0) return metadata.current_version;
  if (*version < 0) {
    return make_error(ErrorCode::invalid_argument, "field \"version\" must not be negative");
  }
  return static_cast<std::uint64_t>(*version);
}

Result<FoundVersion> find_version(engine::Context& context, const model::Request& request,
                                  std::string_view path) {
  FoundVersion found;
  COFFER_TRY(found.key, load(context, path));
  COFFER_TRY(found.version, wanted_version(request, found.key.metadata));
  const auto& versions = found.key.metadata.versions;
  const auto at = versions.find(found.version);
  if (at == versions.end()) return no_such_secret();
  found.state = at->second;
  if (found.state.destroyed || found.state.deleted(context.now)) return found;
  COFFER_TRY(found.value, open_version(context, path, found.version));
  return found;
}

void append_custom_metadata(model::JsonWriter& json, const KeyMetadata& metadata) {
  json.key("custom_metadata");
  if (metadata.custom.empty()) {
    json.null();
    return;
  }
  json.begin_object();
  for (const auto& [name, value] : metadata.custom) json.key(name).string(value);
  json.end_object();
}

void append_version_fields(model::JsonWriter& json, const KeyMetadata& metadata,
                           std::uint64_t version, const VersionState& state) {
  json.key("created_time").string(to_rfc3339(state.created));
  append_custom_metadata(json, metadata);
  json.key("deletion_time").string(deletion_text(state));
  json.key("destroyed").boolean(state.destroyed);
  json.key("version").number(static_cast<std::int64_t>(version));
}

model::Response written_answer(const KeyMetadata& metadata) {
  model::JsonWriter json;
  json.begin_object();
  append_version_fields(json, metadata, metadata.current_version,
                        metadata.versions.at(metadata.current_version));
  json.end_object();
  return {.data = std::move(json).take()};
}

std::string deletion_text(const VersionState& state) {
  return state.has_deletion() ? to_rfc3339(state.deletion) : std::string();
}

}  // namespace coffer::engines::kv
