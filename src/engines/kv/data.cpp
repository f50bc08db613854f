// data/: reading, writing and deleting the latest version of a secret.
#include "check_and_set.h"
#include "handlers.h"
#include "version_answer.h"

namespace coffer::engines::kv {

using engine::Context;
using model::Request;
using model::Response;

Result<Response> read_data(Context& context, const Request& request, std::string_view path) {
  if (request.fields.has("stage")) return read_stage(context, request, path);
  if (request.fields.has("wait") || request.fields.has("after_version")) {
    COFFER_TRY(auto not_yet, wait_for_another(context, request, path));
    if (not_yet) return *std::move(not_yet);
  }
  COFFER_TRY(const FoundVersion found, find_version(context, request, path));
  model::JsonWriter json;
  json.begin_object().key("data");
  if (found.value) {
    json.raw(*found.value);
  } else {
    json.null();
  }
  json.key("metadata").begin_object();
  append_version_fields(json, found.key.metadata, found.version, found.state);
  json.end_object().end_object();
  // Clients rely on the body of this 404: it tells a deleted version from one that never was.
  return Response{.outcome = found.value ? model::Outcome::ok : model::Outcome::gone,
                  .data = std::move(json).take()};
}

Result<Response> write_data(Context& context, const Request& request, std::string_view path) {
  COFFER_TRY(const std::optional<std::string_view> value, request.fields.raw_object("data"));
  if (!value) return make_error(ErrorCode::invalid_argument, "no data provided: field \"data\"");
  COFFER_TRY(StoredKey key, load(context, path));
  COFFER_TRY(const StoredConfig stored, load_config(context));
  COFFER_CHECK(check_cas(request, key.metadata, stored.config));
  // Once the row is there, every write finds it in the store's cache; its absence it would have to
  // ask the file about.
  if (stored.row_version == 0) COFFER_CHECK(save_config(context, stored));
  COFFER_CHECK(add_version(context, path, key, stored.config, *value));
  Response response = written_answer(key.metadata);
  response.warnings = ignored_fields(request);
  return response;
}

Result<Response> delete_data(Context& context, const Request& /*request*/, std::string_view path) {
  COFFER_TRY(StoredKey key, load(context, path));
  const Response done{.outcome = model::Outcome::empty};
  const auto latest = key.metadata.versions.find(key.metadata.current_version);
  if (latest == key.metadata.versions.end() || latest->second.destroyed ||
      latest->second.deleted(context.now)) {
    return done;
  }
  latest->second.deletion = context.now;
  COFFER_CHECK(save(context, path, key));
  return done;
}

}  // namespace coffer::engines::kv
