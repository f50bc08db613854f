// The vault's keys: how they stand, how they rotate, what refers to old ones. In Vault's wire
// format where Vault has the path; the rest is Coffer's own.
#include "coffer/core/rewrap.h"
#include "coffer/core/rotation.h"
#include "coffer/model/duration.h"
#include "handlers.h"

namespace coffer::sys {
namespace {

constexpr std::string_view kNamed = "rotate/keyring/";
constexpr std::uint64_t kLeastOperations = 1'000'000;
constexpr std::chrono::hours kLeastInterval{24};
constexpr std::int64_t kMostRate = 1'000'000;

std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

/// Vault's `term` is the version of the key that new things are sealed with; here the kek's.
Result<Response> key_status(Call& call) {
  const envelope::EnrolledToken& token = call.vault->keyring->token();
  JsonWriter json;
  json.begin_object().key("term").number(token.kek_version);
  json.key("install_time").string(to_rfc3339(token.kek_installed));
  json.key("encryptions").number(number(call.vault->sealed_store->wraps())).end_object();
  Response response = answer(std::move(json));
  response.repeat_data = true;
  return response;
}

/// The change is made: what else should follow and doesn't is a warning.
void tell(Call& call, Response& response) {
  if (const auto told = core::keys_changed(*call.vault); !told.ok()) {
    response.warnings.push_back(told.error().text);
  }
}

Result<Response> rotate(Call& call) {
  COFFER_CHECK(call.context.ticket.make_durable());
  COFFER_CHECK(call.vault->sealed_store->key_changes().rotate_kek(call.context.now));
  Response response = no_content();
  tell(call, response);
  return response;
}

Response version_answer(std::uint32_t version) {
  JsonWriter json;
  json.begin_object().key("version").number(version).end_object();
  return answer(std::move(json));
}

/// Of the sign key the file that the next start pins is the last to learn, and is led to it by the
/// announcement until then.
Result<Response> rotate_named(Call& call) {
  const auto kind = core::key_kind(below(call.path, kNamed));
  if (!kind || *kind == core::KeyKind::kek || core::is_engines(*kind)) {
    return invalid("no such key: record, bind, token_hash, audit, fingerprint or sign");
  }
  COFFER_CHECK(call.context.ticket.make_durable());
  COFFER_TRY(const std::uint32_t version, core::rotate_key(*call.vault, *kind, call.context.now));
  Response response = version_answer(version);
  tell(call, response);
  return response;
}

Result<Response> read_config(Call& call) {
  COFFER_TRY(const core::RotationConfig config, core::rotation_config(call.context.tx));
  JsonWriter json;
  json.begin_object().key("max_operations").number(number(config.max_operations));
  json.key("enabled").boolean(config.enabled).key("interval");
  if (config.interval.count() == 0) {
    json.number(0);
  } else {
    json.string(model::to_text(config.interval));
  }
  json.key("rewrap_rate").number(config.rewrap_rate).end_object();
  Response response = answer(std::move(json));
  response.repeat_data = true;
  return response;
}

Result<Response> write_config(Call& call) {
  const model::Fields& fields = call.request.fields;
  COFFER_TRY(core::RotationConfig config, core::rotation_config(call.context.tx));
  COFFER_TRY(const auto enabled, fields.boolean("enabled"));
  COFFER_TRY(const auto operations, fields.integer("max_operations"));
  COFFER_TRY(const auto interval, fields.duration("interval"));
  COFFER_TRY(const auto rate, fields.integer("rewrap_rate"));
  if (operations && *operations < number(kLeastOperations)) {
    return invalid("field \"max_operations\" must be 1000000 or more");
  }
  if (interval && interval->count() != 0 && *interval < kLeastInterval) {
    return invalid("field \"interval\" must be 24h or more, or 0");
  }
  if (rate && (*rate < 0 || *rate > kMostRate)) {
    return invalid("field \"rewrap_rate\" must be 0 to 1000000");
  }
  Response response = no_content();
  config.enabled = enabled.value_or(config.enabled);
  config.interval = interval.value_or(config.interval);
  if (rate) config.rewrap_rate = static_cast<std::uint32_t>(*rate);
  if (operations) config.max_operations = static_cast<std::uint64_t>(*operations);
  // Vault's own default lies above what the mode allows here (docs/keys.md).
  config.max_operations = std::min(config.max_operations, core::RotationConfig{}.max_operations);
  COFFER_CHECK(core::write_rotation_config(call.context.tx, config, call.context.now));
  return response;
}

std::string_view name_of(core::RewrapPhase phase) {
  switch (phase) {
    case core::RewrapPhase::counting: return "counting";
    case core::RewrapPhase::rewrapping: return "rewrapping";
    case core::RewrapPhase::done: break;
  }
  return "done";
}

void append_version(JsonWriter& json, const envelope::EnrolledToken& token, std::uint32_t version,
                    const core::RewrapJob& job) {
  const envelope::References found = core::references_of(job, token.id, version);
  json.begin_object().key("token").string(to_string(token.id));
  json.key("serial").string(token.serial).key("version").number(version);
  json.key("current").boolean(version == token.kek_version);
  json.key("references").number(number(found.records)).end_object();
}

void append_versions(JsonWriter& json, const envelope::Keyring& keyring,
                     const core::RewrapJob& job) {
  json.key("versions").begin_array();
  for (const envelope::EnrolledToken& token : keyring.tokens()) {
    for (const std::uint32_t old : token.old_keks) append_version(json, token, old, job);
    append_version(json, token, token.kek_version, job);
  }
  json.end_array();
}

Result<Response> status(Call& call) {
  COFFER_TRY(const auto found, core::rewrap_job(call.context.tx));
  COFFER_TRY(const core::RotationConfig config, core::rotation_config(call.context.tx));
  const bool current = found && found->current;
  const core::RewrapJob job = found ? found->job : core::RewrapJob{};
  const bool idle = !current && !core::may_be_stale(*call.vault->keyring, found);
  JsonWriter json;
  json.begin_object().key("phase");
  json.string(idle ? "done" : current ? name_of(job.phase) : "counting");
  json.key("done").number(number(current ? job.done : 0));
  json.key("total").number(number(current ? job.total : 0));
  json.key("unreadable").number(number(job.unreadable));
  json.key("elsewhere").number(number(job.elsewhere));
  json.key("rate").number(config.rewrap_rate);
  json.key("started").string(found ? to_rfc3339(job.started) : "");
  json.key("finished")
      .string(current && job.phase == core::RewrapPhase::done ? to_rfc3339(job.finished) : "");
  append_versions(json, *call.vault->keyring, job);
  json.end_object();
  return answer(std::move(json));
}

Result<Response> retire(Call& call) {
  COFFER_TRY(const auto version, call.request.fields.integer("version"));
  if (!version) return invalid("missing field \"version\"");
  if (*version < 1 || *version > std::numeric_limits<std::uint32_t>::max()) {
    return invalid("field \"version\" must be a version of the kek");
  }
  const auto wanted = static_cast<std::uint32_t>(*version);
  const envelope::EnrolledToken& token = call.vault->keyring->token();
  if (std::find(token.old_keks.begin(), token.old_keks.end(), wanted) == token.old_keks.end()) {
    return invalid("field \"version\" isn't an old version of this token's kek");
  }
  COFFER_CHECK(core::check_unreferenced(call.context.tx, token.id, wanted));
  COFFER_CHECK(call.context.ticket.make_durable());
  COFFER_CHECK(call.vault->sealed_store->key_changes().retire_kek(wanted, call.context.now));
  call.vault->sealed_store->purge_cache();
  Response response = no_content();
  tell(call, response);
  return response;
}

/// Who pinned the first of these is led to the last.
Result<Response> signers(Call& call) {
  JsonWriter json;
  json.begin_object().key("current").string(
      crypto::pem_from_spki(call.vault->keyring->public_key()));
  json.key("announcements").begin_array();
  for (const envelope::Announcement& told : call.vault->keyring->announcements()) {
    json.begin_object().key("from").string(crypto::pem_from_spki(told.from));
    json.key("to").string(crypto::pem_from_spki(told.to)).key("serial").string(told.serial);
    json.key("version").number(told.version).key("time").string(to_rfc3339(told.time));
    json.key("signature").string(to_base64(told.signature)).end_object();
  }
  json.end_array().end_object();
  return answer(std::move(json));
}

}  // namespace

std::span<const Handler> key_handlers() {
  static constexpr Handler kHandlers[] = {
      {{.operation = Operation::read,
        .pattern = "key-status",
        .help = "The version of the key-encryption key, since when, and how often it wrapped."},
       key_status},
      {{.operation = Operation::update,
        .pattern = "rotate",
        .sudo = true,
        .help = "Make a new version of the key-encryption key; old records follow by themselves."},
       rotate},
      {{.operation = Operation::update,
        .pattern = "rotate/keyring",
        .sudo = true,
        .help = "Make a new version of the key-encryption key, as sys/rotate."},
       rotate},
      {{.operation = Operation::read,
        .pattern = "rotate/config",
        .help = "When the key-encryption key rotates by itself, and how fast records follow."},
       read_config},
      {{.operation = Operation::update,
        .pattern = "rotate/config",
        .help = "Set `enabled`, `max_operations`, `interval` and `rewrap_rate`."},
       write_config},
      {{.operation = Operation::read,
        .pattern = "rotate/keyring/config",
        .help = "As sys/rotate/config."},
       read_config},
      {{.operation = Operation::update,
        .pattern = "rotate/keyring/config",
        .help = "As sys/rotate/config."},
       write_config},
      {{.operation = Operation::update,
        .pattern = "rotate/keyring/+",
        .sudo = true,
        .help =
            "Make a new version of one key: record, bind, token_hash, audit, fingerprint, sign."},
       rotate_named},
      {{.operation = Operation::read,
        .pattern = "rotate/status",
        .help = "How far records follow, and how many refer to each version."},
       status},
      {{.operation = Operation::update,
        .pattern = "rotate/retire",
        .sudo = true,
        .help = "Destroy an old `version` of the key-encryption key that nothing refers to."},
       retire},
      {{.operation = Operation::read,
        .pattern = "rotate/signers",
        .help = "The signing key's public half, and how those before it tell of it."},
       signers},
  };
  return kHandlers;
}

}  // namespace coffer::sys
