// Moving a mount. What it holds is bound to its uuid and not to its path, so a move is one row: it
// has happened when the answer comes. The status is there because Vault's clients ask for it.
#include <algorithm>

#include "coffer/crypto/random.h"
#include "coffer/lifecycle/rotation_index.h"
#include "mount_json.h"
#include "moves.h"

namespace coffer::sys {
namespace {

constexpr std::string_view kStaticRoles = "static-roles/";  ///< of a database: no secret's
constexpr std::string_view kStatus = "remount/status/";

/// More at once than anyone reads; then the warning comes without looking on.
constexpr std::size_t kMostLookedAt = 1000;

/// A secret that rotates a static role names it by its path, and is named so by it. Nobody but who
/// may write both should say that they still belong together.
Result<bool> parts_rotations(envelope::SealedTransaction& tx, const engine::Mount& moved) {
  if (moved.type != "kv" && moved.type != "database") return false;
  COFFER_TRY(const auto rotations, lifecycle::list_rotations(tx, kMostLookedAt));
  if (rotations.size() == kMostLookedAt) return true;
  return std::any_of(rotations.begin(), rotations.end(), [&](const auto& rotation) {
    if (rotation.rotator != "database") return false;
    return moved.type == "kv" ? rotation.mount == moved.uuid
                              : !rotation.path.starts_with(kStaticRoles);
  });
}

Result<Response> remount(Call& call) {
  const model::Fields& fields = call.request.fields;
  COFFER_TRY(const std::string from_field, required(fields, "from"));
  COFFER_TRY(const std::string to_field, required(fields, "to"));
  COFFER_TRY(const std::string canonical, canonical_mount(to_field));
  COFFER_TRY(const std::string from, mount_path(from_field));
  COFFER_TRY(const auto table, call.vault->mounts->table(call.context.tx));
  const core::MountTable::Entry* entry = table->at(from);
  if (entry == nullptr) return invalid("field \"from\": no mount at this path");
  if (entry->builtin) return invalid("field \"from\" is the vault's own mount");
  if (from.starts_with(core::kAuthPrefix) != canonical.starts_with(core::kAuthPrefix)) {
    return invalid("field \"to\": a secrets engine can't become an auth method, nor back");
  }
  COFFER_CHECK(check_free(*table, canonical));
  engine::Mount moved = entry->mount;
  moved.path = canonical;
  COFFER_CHECK(call.vault->mounts->replace(call.context.tx, moved));
  COFFER_TRY(const Uuid id, crypto::random_uuid());
  COFFER_CHECK(
      keep_move(call.context.tx, to_string(id),
                {.from = from, .to = canonical, .mount = moved.uuid, .time = call.context.now}));
  JsonWriter json;
  json.begin_object().key("migration_id").string(to_string(id)).end_object();
  Response response = answer(std::move(json));
  response.repeat_data = true;
  COFFER_TRY(const bool parts, parts_rotations(call.context.tx, moved));
  if (parts) {
    response.warnings.emplace_back(
        "static roles and the KV secrets that rotate them name each other by their paths: where "
        "one "
        "named this mount, write \"rotated_by\" of the static role and \"static_role\" of the "
        "rotation anew, or it fails from now on");
  }
  return response;
}

Result<Response> status(Call& call) {
  const std::string id(below(call.path, kStatus));
  COFFER_TRY(const auto move, find_move(call.context.tx, id));
  if (!move) return make_error(ErrorCode::not_found, "no such migration");
  JsonWriter json;
  json.begin_object().key("migration_id").string(id).key("migration_info").begin_object();
  json.key("source_mount").string(move->from).key("target_mount").string(move->to);
  json.key("status").string("success").end_object().end_object();
  return answer(std::move(json));
}

}  // namespace

std::span<const Handler> remount_handlers() {
  static constexpr Handler kHandlers[] = {
      {{.operation = Operation::update,
        .pattern = "remount",
        .sudo = true,
        .help = "Move the mount at `from` to `to`. What it holds stays as it is."},
       remount},
      {{.operation = Operation::read,
        .pattern = "remount/status/+",
        .help = "What became of a move, by its migration_id."},
       status},
  };
  return kHandlers;
}

}  // namespace coffer::sys
