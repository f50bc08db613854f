// Backups of the store, and what came out of one. Where they are written is the configuration's to
// say: no request names a path (CVE-2025-6000).
#include "coffer/core/backups.h"

#include "coffer/core/lacking.h"
#include "coffer/core/restored.h"
#include "handlers.h"

namespace coffer::sys {
namespace {

constexpr std::string_view kPrefix = "backup/";

void append_backup(JsonWriter& json, const core::Backups::Status& status) {
  json.key("name").string(status.name).key("started").string(to_rfc3339(status.started));
  json.key("rows").number(static_cast<std::int64_t>(status.rows));
  json.key("bytes").number(static_cast<std::int64_t>(status.bytes));
  if (status.failure) json.key("error").string(status.failure->text);
  if (!status.summary) return;
  json.key("sequence").number(static_cast<std::int64_t>(status.header.sequence));
  json.key("created").string(to_rfc3339(status.header.created));
  json.key("audit_sequence").number(static_cast<std::int64_t>(status.header.audit_sequence));
  json.key("audit_hash").string(status.header.audit_hash);
  json.key("digest").string(to_hex(status.summary->digest));
}

std::string_view state_of(const core::Backups::Status& status) {
  if (status.running) return "running";
  if (status.name.empty()) return "none";
  return status.failure ? "failed" : "done";
}

/// Its line is on disk before it starts: that somebody took a copy of everything must be on record.
Result<Response> start(Call& call) {
  COFFER_CHECK(call.context.ticket.make_durable());
  COFFER_TRY(const std::string name, call.parts.control.backups().start());
  JsonWriter json;
  json.begin_object().key("name").string(name).key("state").string("running").end_object();
  return answer(std::move(json));
}

Result<Response> status(Call& call) {
  const core::Backups::Status found = call.parts.control.backups().status();
  JsonWriter json;
  json.begin_object().key("state").string(state_of(found));
  if (!found.name.empty()) append_backup(json, found);
  json.key("directory").string(call.parts.control.backups().directory()).end_object();
  return answer(std::move(json));
}

void append_info(JsonWriter& json, const Result<backup::Glance>& seen) {
  json.begin_object();
  if (seen.ok()) {
    json.key("created").string(to_rfc3339(seen->header.created));
    json.key("sequence").number(static_cast<std::int64_t>(seen->header.sequence));
    json.key("bytes").number(static_cast<std::int64_t>(seen->bytes));
  } else {
    json.key("error").string(seen.error().text);
  }
  json.end_object();
}

Result<Response> list(Call& call) {
  const core::Backups& backups = call.parts.control.backups();
  COFFER_TRY(const auto names, backups.list());
  if (names.empty()) return make_error(ErrorCode::not_found, "");
  JsonWriter json;
  json.begin_object().key("keys").begin_array();
  for (const std::string& name : names) json.string(name);
  json.end_array().key("key_info").begin_object();
  for (const std::string& name : names) {
    json.key(name);
    append_info(json, backups.look(name));
  }
  json.end_object().end_object();
  return answer(std::move(json));
}

Result<Response> read(Call& call) {
  COFFER_TRY(const std::optional<std::int64_t> offset, call.request.fields.integer("offset"));
  if (offset && *offset < 0) return invalid("field \"offset\" must not be negative");
  COFFER_TRY(const core::Backups::Chunk chunk,
             call.parts.control.backups().read(below(call.path, kPrefix),
                                               static_cast<std::uint64_t>(offset.value_or(0))));
  JsonWriter json;
  json.begin_object().key("offset").number(offset.value_or(0));
  json.key("size").number(static_cast<std::int64_t>(chunk.size));
  json.key("chunk").string(to_base64(chunk.bytes)).end_object();
  return answer(std::move(json));
}

Result<Response> remove(Call& call) {
  COFFER_CHECK(call.context.ticket.make_durable());
  COFFER_CHECK(call.parts.control.backups().remove(below(call.path, kPrefix)));
  return no_content();
}

/// All are counted, and the first named.
void append_names(JsonWriter& json, const std::string& key, std::uint64_t count,
                  const std::vector<std::string>& named) {
  json.key(key).number(static_cast<std::int64_t>(count));
  json.key(key + "_named").begin_array();
  for (const std::string& one : named) json.string(one);
  json.end_array();
}

Result<Response> restored(Call& call) {
  COFFER_TRY(const auto found, core::read_restored(call.context.tx));
  JsonWriter json;
  json.begin_object().key("restored").boolean(found.has_value());
  json.key("paused").boolean(found && found->paused);
  if (found) {
    json.key("backup_created").string(to_rfc3339(found->mark.created));
    json.key("restored_at").string(to_rfc3339(found->mark.restored));
    json.key("sequence").number(static_cast<std::int64_t>(found->mark.sequence));
    json.key("digest").string(to_hex(found->mark.digest));
  }
  COFFER_TRY(const auto unsearched,
             core::unsearched_databases(*call.vault->mounts, call.context.tx));
  json.key("databases_unsearched").begin_array();
  for (const std::string& path : unsearched) json.string(path);
  json.end_array();
  COFFER_TRY(const auto lacking, core::still_lacking(*call.vault->mounts, call.context.tx));
  append_names(json, "rows_lost", lacking.rows, lacking.named);
  append_names(json, "secrets_damaged", lacking.secrets, lacking.damaged);
  json.end_object();
  return answer(std::move(json));
}

Result<Response> release(Call& call) {
  COFFER_CHECK(core::release_restored(call.context.tx));
  COFFER_TRY(const std::uint64_t epoch, core::restores_released(call.context.tx));
  call.context.then = [&vault = *call.vault, epoch] {
    vault.leases->set_epoch(epoch);
    vault.outside_paused = false;
  };
  return no_content();
}

}  // namespace

std::span<const Handler> backup_handlers() {
  static constexpr Handler kHandlers[] = {
      {{.operation = Operation::update,
        .pattern = "backup",
        .sudo = true,
        .help = "Start a backup: a sealed, signed copy of the store, in the daemon's directory of "
                "backups."},
       start},
      {{.operation = Operation::read,
        .pattern = "backup",
        .sudo = true,
        .help = "How the last backup is getting on, or how it ended."},
       status},
      {{.operation = Operation::list,
        .pattern = "backup/",
        .sudo = true,
        .help = "The backups in the daemon's directory."},
       list},
      {{.operation = Operation::read,
        .pattern = "backup/+",
        .sudo = true,
        .help = "A part of a backup in base64, from `offset` on; an empty one is the end."},
       read},
      {{.operation = Operation::remove,
        .pattern = "backup/+",
        .sudo = true,
        .help = "Remove a backup from the daemon's directory."},
       remove},
      {{.operation = Operation::read,
        .pattern = "restore",
        .sudo = true,
        .help = "Whether this store came out of a backup, and whether what reaches outside waits."},
       restored},
      {{.operation = Operation::update,
        .pattern = "restore/release",
        .sudo = true,
        .help = "After a restore: let what reaches outside of the vault go on."},
       release},
  };
  return kHandlers;
}

}  // namespace coffer::sys
