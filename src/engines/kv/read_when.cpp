// Reads that say which stage they want, or that want to wait for a new version.
#include "handlers.h"
#include "rotation_row.h"
#include "version_answer.h"

namespace coffer::engines::kv {
namespace {

using engine::Context;
using model::Request;
using model::Response;

/// A connection is held for so long at most.
constexpr std::chrono::seconds kLongestWait = std::chrono::minutes(5);

Error invalid(std::string_view text) { return make_error(ErrorCode::invalid_argument, text); }

/// What isn't in force yet is for those who look after the rotation, not for every reader.
Result<Response> read_pending(Context& context, std::string_view path) {
  const std::string guard = context.mount.path + "rotation/" + std::string(path);
  if (!context.access.may(model::Operation::read, guard)) {
    return make_error(ErrorCode::permission_denied, "permission denied");
  }
  COFFER_TRY(const StoredRotation stored, load_rotation(context, path));
  if (!stored.rotation.state.pending) return no_such_secret();
  COFFER_TRY(const StoredKey key, load(context, path));
  const Uuid& mount = context.mount.uuid;
  COFFER_TRY(const std::string value,
             context.tx.open_secret(pending_row(mount, path),
                                    pending_context(mount, path, stored.rotation.state.run)));
  model::JsonWriter json;
  json.begin_object().key("data").raw(value).key("metadata").begin_object();
  append_version_fields(json, key.metadata, 0,
                        {.created = stored.rotation.state.started, .deletion = {}});
  json.key("stage").string("pending").end_object().end_object();
  return Response{.data = std::move(json).take()};
}

/// Of a rotation that made the latest version, the one before; a write since then ends that.
Result<std::uint64_t> previous_version(Context& context, std::string_view path) {
  COFFER_TRY(const StoredRotation stored, load_rotation(context, path));
  COFFER_TRY(const StoredKey key, load(context, path));
  const RotationState& state = stored.rotation.state;
  const bool latest = state.promoted != 0 && state.promoted == key.metadata.current_version;
  if (!latest || state.previous == 0) return no_such_secret();
  return state.previous;
}

}  // namespace

Result<Response> read_stage(Context& context, const Request& request, std::string_view path) {
  COFFER_TRY(const std::optional<std::string> stage, request.fields.string("stage"));
  for (const std::string_view other : {"version", "wait", "after_version"}) {
    if (request.fields.has(other)) {
      return invalid("field \"stage\" doesn't go with field \"" + std::string(other) + "\"");
    }
  }
  Request plain;
  if (stage == "current") return read_data(context, plain, path);
  if (stage == "pending") return read_pending(context, path);
  if (stage != "previous") {
    return invalid("field \"stage\" must be current, previous or pending");
  }
  COFFER_TRY(const std::uint64_t version, previous_version(context, path));
  plain.fields.set("version", std::to_string(version));
  return read_data(context, plain, path);
}

Result<std::optional<Response>> wait_for_another(Context& context, const Request& request,
                                                 std::string_view path) {
  COFFER_TRY(const auto after, request.fields.integer("after_version"));
  COFFER_TRY(const auto wait, request.fields.duration("wait"));
  if (!after || *after < 0) {
    return invalid("field \"after_version\" must be the number of a version, or 0 for none");
  }
  if (wait && wait->count() < 0) return invalid("field \"wait\" must not be negative");
  if (request.fields.has("version")) {
    return invalid("field \"version\" doesn't go with field \"after_version\"");
  }
  COFFER_TRY(const StoredKey key, load(context, path));
  // Any other: a secret that was removed and written anew counts from 1 again.
  if (key.metadata.current_version != static_cast<std::uint64_t>(*after)) {
    return std::optional<Response>();
  }
  if (!wait || wait->count() == 0) {
    return std::optional<Response>(Response{.outcome = model::Outcome::empty});
  }
  COFFER_TRY(store::Key place, context.tx.place(metadata_row(context.mount.uuid, path)));
  return std::optional<Response>(
      Response{.until_changed = std::move(place), .wait = std::min(*wait, kLongestWait)});
}

}  // namespace coffer::engines::kv
