#include "rotations.h"

#include <algorithm>

#include "coffer/lifecycle/rotation_index.h"
#include "handlers.h"
#include "rotation_fields.h"
#include "rotation_timing.h"
#include "stored_key.h"
#include "version_answer.h"

namespace coffer::engines::kv {
namespace {

using engine::Context;
using model::Operation;
using model::Request;
using model::Response;

constexpr std::string_view kFolders[] = {"rotation/", "rotate/", "readers/"};

Error no_rotation() { return make_error(ErrorCode::not_found, ""); }

/// Behind the first slash.
std::string_view rest_of(std::string_view path) { return path.substr(path.find('/') + 1); }

Result<Response> answer(const View& view, std::string_view path, const Rotation& rotation) {
  COFFER_TRY(const StoredKey key, load(view, path));
  model::JsonWriter json;
  json.begin_object();
  append_rotation(json, rotation, key.metadata.current_version);
  json.end_object();
  return Response{.data = std::move(json).take()};
}

/// Names of one folder, and the folders in it.
Result<Response> list(Context& context, std::string_view folder) {
  COFFER_TRY(auto keys, context.tx.list({context.mount.uuid, kRotationTable}, folder));
  COFFER_TRY(auto folders, context.tx.list({context.mount.uuid, kFolderTable}, folder));
  std::vector<std::string> names;
  for (auto* rows : {&keys, &folders}) {
    for (auto& row : *rows) names.push_back(std::move(row.name));
  }
  if (names.empty()) return no_such_secret();
  std::sort(names.begin(), names.end());
  model::JsonWriter json;
  json.begin_object().key("keys").begin_array();
  for (const std::string& name : names) json.string(name);
  json.end_array().end_object();
  return Response{.data = std::move(json).take()};
}

}  // namespace

Rotations::Rotations(Parts parts, const Uuid& instance)
    : parts_(std::move(parts)), tools_{parts_.rotators,   parts_.make_password,
                                       parts_.mount_path, readers_,
                                       attempts_,         instance} {}

void Rotations::add_to(lifecycle::Handlers& handlers) {
  const auto planner = [this](engine::SealedTransaction& tx, const lifecycle::Due& due,
                              WallTime now) -> Result<std::optional<lifecycle::Errand>> {
    COFFER_CHECK(load(tx, now));
    return plan_step(tools_, tx, due, now);
  };
  handlers.add_errand(std::string(kInsideKind), planner, lifecycle::Effects::inside);
  handlers.add_errand(std::string(kOutsideKind), planner, lifecycle::Effects::outside,
                      [this](engine::SealedTransaction& tx, const lifecycle::Due& due) {
                        return waits_for(tools_, tx, due);
                      });
}

bool Rotations::is_ours(std::string_view path) noexcept {
  return std::any_of(std::begin(kFolders), std::end(kFolders),
                     [&](std::string_view folder) { return path.starts_with(folder); });
}

/// Which secrets count their readers, as the store has it: once, at the first need.
Result<void> Rotations::load(engine::SealedTransaction& tx, WallTime now) {
  if (loaded_) return {};
  COFFER_TRY(const auto entries, lifecycle::list_rotations(tx, Readers::kMaxSecrets));
  for (const lifecycle::RotationEntry& entry : entries) {
    if (entry.counts_readers) readers_.count(entry.mount, entry.path, true, now);
  }
  loaded_ = true;
  return {};
}

Result<void> Rotations::mend(const View& view, std::string_view path) const {
  COFFER_TRY(const StoredRotation stored, load_rotation(view, path));
  if (stored.row_version == 0) return {};
  COFFER_CHECK(save_rotation(view, path, stored));
  return schedule(view, path, stored.rotation, tools_);
}

Result<Response> Rotations::handle(Context& context, const Request& request,
                                   std::string_view path) {
  COFFER_CHECK(load(context.tx, context.now));
  const std::string_view key = rest_of(path);
  if (request.operation == Operation::list) return list(context, key);
  COFFER_CHECK(check_key_path(key));
  if (path.starts_with("readers/")) return list_readers(context, key);
  if (path.starts_with("rotate/")) return rotate_now(context, key);
  switch (request.operation) {
    case Operation::read: return read(context, key);
    case Operation::remove: return remove(context, request.fields, key);
    case Operation::create:
    case Operation::update: return write(context, request.fields, key);
    case Operation::patch:
    case Operation::list:
    case Operation::scan:
    case Operation::help: break;
  }
  return make_error(ErrorCode::unsupported, "unsupported operation");
}

Result<Response> Rotations::read(Context& context, std::string_view path) const {
  COFFER_TRY(const StoredRotation stored, load_rotation(context, path));
  if (stored.row_version == 0) return no_rotation();
  return answer(context, path, stored.rotation);
}

Result<Response> Rotations::write(Context& context, const model::Fields& fields,
                                  std::string_view path) {
  const View view(context);
  COFFER_TRY(StoredRotation stored, load_rotation(view, path));
  Rotation& rotation = stored.rotation;
  const RotationPlan before = rotation.plan;
  const std::string secret = context.mount.path + std::string(path);
  COFFER_CHECK(apply_fields(secret, fields, parts_.rotators, rotation.plan));
  COFFER_TRY(const StoredKey key, kv::load(view, path));
  if (key.is_new()) {
    return make_error(
        ErrorCode::not_found,
        "there is no such secret: write its first version, then say how it is rotated");
  }
  const RotationPlan& plan = rotation.plan;
  if (before.rotator != plan.rotator && rotation.state.phase > Phase::create) {
    return make_error(ErrorCode::precondition,
                      "a rotation is under way: its rotator can't change now");
  }
  // Whether there is such a policy should show now.
  if (!plan.fields.empty()) {
    COFFER_TRY([[maybe_unused]] const SecureBytes password,
               parts_.make_password(view.tx, plan.password_policy));
  }
  // A pause moves no time: what it passed over is due when it ends, as after a downtime.
  const bool other_times = before.period != plan.period || before.schedule != plan.schedule ||
                           before.time_zone != plan.time_zone || before.jitter != plan.jitter;
  const bool rests = rotation.state.phase == Phase::idle && !rotation.state.forced;
  if (rests && (other_times || lost_its_time(rotation.state))) {
    COFFER_TRY(const WallTime next, next_time(plan, view.now));
    rest_until(rotation.state, next);
  }
  COFFER_CHECK(save_rotation(view, path, stored));
  COFFER_CHECK(schedule(view, path, rotation, tools_));
  context.then = [this, mount = view.mount, name = std::string(path), now = view.now,
                  wanted = plan.readers_window.count() > 0] {
    readers_.count(mount, name, wanted, now);
  };
  return answer(view, path, rotation);
}

void Rotations::was_removed(Context& context, std::string_view path) {
  context.then = [this, mount = context.mount.uuid, name = std::string(path), now = context.now] {
    readers_.count(mount, name, false, now);
  };
}

Result<Response> Rotations::remove(Context& context, const model::Fields& fields,
                                   std::string_view path) {
  COFFER_TRY(const StoredRotation stored, load_rotation(context, path));
  COFFER_TRY(const std::optional<bool> force, fields.boolean("force"));
  if (holds_a_value(stored.rotation.state) && !force.value_or(false)) {
    return make_error(ErrorCode::precondition,
                      "a new value is being set and may be in force already; read it with "
                      "stage=pending, then end the rotation with force=true");
  }
  COFFER_CHECK(remove_rotation(context, path));
  was_removed(context, path);
  return Response{.outcome = model::Outcome::empty};
}

/// At once, whatever the schedule says; a run that is under way is tried again at once.
Result<Response> Rotations::rotate_now(Context& context, std::string_view path) {
  const View view(context);
  COFFER_TRY(StoredRotation stored, load_rotation(view, path));
  if (stored.row_version == 0) return no_rotation();
  RotationState& state = stored.rotation.state;
  state.forced = true;
  state.next = view.now;
  if (state.phase == Phase::wait) state.deadline = view.now;
  COFFER_CHECK(save_rotation(view, path, stored));
  COFFER_CHECK(schedule(view, path, stored.rotation, tools_));
  return answer(view, path, stored.rotation);
}

Result<Response> Rotations::list_readers(Context& context, std::string_view path) const {
  COFFER_TRY(const StoredRotation stored, load_rotation(context, path));
  if (stored.row_version == 0) return no_rotation();
  const Readers::Known known = readers_.of(context.mount.uuid, path);
  const RotationState& state = stored.rotation.state;
  model::JsonWriter json;
  json.begin_object().key("known_since");
  if (known.since == WallTime::max()) {
    json.null();
  } else {
    json.string(to_rfc3339(known.since));
  }
  json.key("readers").begin_array();
  for (const KnownReader& reader : known.readers) {
    json.begin_object().key("accessor").string(reader.accessor).key("name").string(reader.name);
    json.key("version").number(static_cast<std::int64_t>(reader.version));
    json.key("last_read").string(to_rfc3339(reader.when)).end_object();
  }
  json.end_array().key("awaited").begin_array();
  for (const Awaited& awaited : state.awaited) {
    json.begin_object().key("accessor").string(awaited.accessor);
    json.key("name").string(awaited.name).end_object();
  }
  json.end_array().key("unknown_readers").boolean(state.unknown_readers).end_object();
  return Response{.data = std::move(json).take()};
}

Result<void> Rotations::was_read(Context& context, const Request& request, std::string_view path) {
  COFFER_CHECK(load(context.tx, context.now));
  const std::string_view key = rest_of(path);
  if (context.caller == nullptr || !readers_.counts(context.mount.uuid, key)) return {};
  COFFER_TRY(const StoredKey stored, kv::load(context, key));
  COFFER_TRY(const std::uint64_t version, wanted_version(request, stored.metadata));
  KnownReader reader{context.caller->accessor, context.caller->display_name, version, context.now};
  context.then = [this, mount = context.mount.uuid, name = std::string(key),
                  reader = std::move(reader)] { readers_.note(mount, name, reader); };
  return {};
}

}  // namespace coffer::engines::kv
