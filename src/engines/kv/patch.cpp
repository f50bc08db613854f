// What looks into a secret's JSON: PATCH data/ and subkeys/.
#include "check_and_set.h"
#include "coffer/model/merge_patch.h"
#include "handlers.h"
#include "version_answer.h"

namespace coffer::engines::kv {
namespace {

using engine::Context;
using model::Json;
using model::Request;
using model::Response;

/// What a body can bring at most: a secret doesn't grow beyond it patch by patch.
constexpr std::size_t kMaxSecret = std::size_t{1} << 20U;

/// Stored values were checked when they came in, so this fails only for what isn't ours.
Result<Json> tree_of(std::string_view stored) {
  Result<Json> tree = Json::parse(stored);
  if (!tree.ok()) return make_error(ErrorCode::corrupt, "a stored secret is no JSON");
  return tree;
}

Result<std::string> merged(std::string_view stored, std::string_view patch) {
  COFFER_TRY(Json target, tree_of(stored));
  COFFER_TRY(const Json changes, Json::parse(patch));
  std::string result = merge_patch(std::move(target), changes).compact();
  if (result.size() > kMaxSecret) {
    return make_error(ErrorCode::too_large, "the patched secret is larger than 1 MiB");
  }
  // The same limits of depth and number as for what is written whole.
  const auto checked = model::Fields::parse(result);
  if (!checked.ok()) return checked.error();
  return result;
}

Response gone(const FoundVersion& found, std::string_view of) {
  model::JsonWriter json;
  json.begin_object().key(of).null().key("metadata").begin_object();
  append_version_fields(json, found.key.metadata, found.version, found.state);
  json.end_object().end_object();
  return {.outcome = model::Outcome::gone, .data = std::move(json).take()};
}

Result<std::size_t> depth_of(const Request& request) {
  COFFER_TRY(const std::optional<std::int64_t> depth, request.fields.integer("depth"));
  if (!depth) return std::size_t{0};
  if (*depth < 0) {
    return make_error(ErrorCode::invalid_argument, "field \"depth\" must not be negative");
  }
  return static_cast<std::size_t>(*depth);
}

}  // namespace

Result<Response> patch_data(Context& context, const Request& request, std::string_view path) {
  COFFER_TRY(const std::optional<std::string_view> patch, request.fields.raw_object("data"));
  if (!patch) return make_error(ErrorCode::invalid_argument, "no data provided: field \"data\"");
  COFFER_TRY(const StoredConfig stored, load_config(context));
  COFFER_TRY(StoredKey before, load(context, path));
  if (before.metadata.current_version == 0) return no_such_secret();
  COFFER_CHECK(check_cas(request, before.metadata, stored.config));
  // A patch goes to the latest version, whatever `version` says.
  COFFER_TRY(FoundVersion found, find_version(context, Request{}, path));
  if (!found.value) return gone(found, "data");
  COFFER_TRY(const std::string value, merged(*found.value, *patch));
  COFFER_CHECK(add_version(context, path, found.key, stored.config, value));
  Response response = written_answer(found.key.metadata);
  response.warnings = ignored_fields(request);
  return response;
}

Result<Response> read_subkeys(Context& context, const Request& request, std::string_view path) {
  COFFER_TRY(const std::size_t depth, depth_of(request));
  COFFER_TRY(const FoundVersion found, find_version(context, request, path));
  if (!found.value) return gone(found, "subkeys");
  COFFER_TRY(const Json tree, tree_of(*found.value));
  model::JsonWriter json;
  json.begin_object().key("metadata").begin_object();
  append_version_fields(json, found.key.metadata, found.version, found.state);
  json.end_object().key("subkeys").raw(null_leaves(tree, depth).compact()).end_object();
  return Response{.data = std::move(json).take()};
}

}  // namespace coffer::engines::kv
