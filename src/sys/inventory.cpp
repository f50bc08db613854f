// Which keys there are, what the token says of them at this moment, and what an operator says of
// one. docs/keys.md.
#include <algorithm>
#include <limits>

#include "coffer/core/key_inventory.h"
#include "coffer/core/rewrap.h"
#include "coffer/core/rotation.h"
#include "handlers.h"
#include "key_attributes.h"

namespace coffer::sys {
namespace {

/// What src/envelope/wrap_counter.h refuses at (SP 800-38D section 8.3 allows 2^32).
constexpr std::int64_t kMostWraps = std::int64_t{1} << 31U;

std::string_view purpose_of(core::KeyKind kind) {
  switch (kind) {
    case core::KeyKind::kek: return "wraps data keys and the keyring";
    case core::KeyKind::sign: return "signs keyring, audit log, backups and evidence";
    case core::KeyKind::record: return "derives the keys that seal metadata";
    case core::KeyKind::bind: return "enters the key of each secret";
    case core::KeyKind::name: return "makes the names of the store's rows";
    case core::KeyKind::token_hash: return "hashes bearer tokens";
    case core::KeyKind::audit: return "hashes values in the audit log";
    case core::KeyKind::ssh_ca: return "signs SSH certificates";
    case core::KeyKind::fingerprint: break;
  }
  return "recognises leaked values";
}

void append_time(JsonWriter& json, std::string_view name, const std::optional<WallTime>& time) {
  if (time) json.key(name).string(to_rfc3339(*time));
}

struct Sight {
  core::Unsealed& vault;
  std::optional<core::FoundJob> rewrap;
};

void append_kek(JsonWriter& json, const Sight& sight, const core::InventoryKey& key) {
  const envelope::EnrolledToken& ours = sight.vault.keyring->token();
  for (const envelope::EnrolledToken& token : sight.vault.keyring->tokens()) {
    if (token.id == key.token && key.version == token.kek_version) {
      json.key("algorithm").string(token.algorithm);
    }
  }
  if (key.token == ours.id && key.version == ours.kek_version) {
    json.key("wraps").number(static_cast<std::int64_t>(sight.vault.sealed_store->wraps()));
  }
  if (!sight.rewrap || key.destroyed) return;
  const auto found = core::references_of(sight.rewrap->job, key.token, key.version);
  json.key("references").number(static_cast<std::int64_t>(found.records));
}

void append_holder(JsonWriter& json, const core::InventoryKey& key) {
  if (core::is_engines(key.kind)) {
    json.key("mount").string(to_string(key.mount)).key("path").string(key.path);
  } else if (key.on_token()) {
    json.key("token").string(to_string(key.token)).key("serial").string(key.serial);
  }
}

void append_mark(JsonWriter& json, const core::InventoryKey& key) {
  if (!key.compromised) return;
  append_time(json, "compromised", key.compromised);
  json.key("compromised_reason").string(key.reason).key("in_use").boolean(key.current());
}

void append_key(JsonWriter& json, const Sight& sight, const core::InventoryKey& key) {
  const bool of_engine = core::is_engines(key.kind);
  json.begin_object().key("kind").string(core::name_of(key.kind)).key("version");
  json.number(key.version).key("state").string(core::to_string(key.state));
  json.key("purpose").string(purpose_of(key.kind));
  json.key("location").string(key.on_token() ? "token" : "keyring");
  append_holder(json, key);
  json.key("activated").string(to_rfc3339(key.activated)).key("dated").boolean(key.dated);
  append_time(json, "deactivated", key.deactivated);
  const bool withdrawn = key.state == core::KeyState::withdrawn;
  append_time(json, withdrawn ? "withdrawn" : "destroyed", key.destroyed);
  append_mark(json, key);
  append_time(json, "period_ends", key.ends);
  json.key("period").string(core::to_string(key.period));
  if (key.kind == core::KeyKind::kek) append_kek(json, sight, key);
  const bool here = of_engine || key.token == sight.vault.keyring->token().id;
  if (key.on_token() && here && !key.destroyed) {
    append_attributes(json, read_attributes(sight.vault, key.kind, key.mount, key.version));
  }
  json.end_object();
}

/// One that was made by a change which was cut short, or by a ceremony, and isn't in use yet. That
/// none is found is the rule, and a token that is away has been told of by its other keys.
void append_unused(JsonWriter& json, const Sight& sight, core::KeyKind kind, std::uint32_t next) {
  const Result<Attributes> read = read_attributes(sight.vault, kind, Uuid{}, next);
  if (!read.ok()) return;
  const envelope::EnrolledToken& ours = sight.vault.keyring->token();
  json.begin_object().key("kind").string(core::name_of(kind)).key("version").number(next);
  json.key("state").string("pre-activation").key("purpose").string(purpose_of(kind));
  json.key("location").string("token").key("token").string(to_string(ours.id));
  json.key("serial").string(ours.serial);
  append_attributes(json, read);
  json.end_object();
}

Result<Response> inventory(Call& call) {
  core::Unsealed& vault = *call.vault;
  COFFER_TRY(const auto keys, core::key_inventory(vault, call.context.tx, call.context.now));
  Sight sight{vault, {}};
  COFFER_TRY(sight.rewrap, core::rewrap_job(call.context.tx));
  JsonWriter json;
  json.begin_object().key("vault").string(to_string(vault.keyring->vault()));
  json.key("time").string(to_rfc3339(call.context.now)).key("keys").begin_array();
  for (const core::InventoryKey& key : keys) append_key(json, sight, key);
  const envelope::EnrolledToken& ours = vault.keyring->token();
  append_unused(json, sight, core::KeyKind::kek, ours.kek_version + 1);
  append_unused(json, sight, core::KeyKind::sign, ours.sign_version + 1);
  json.end_array();
  append_unclaimed(json, vault, keys);
  json.end_object();
  return answer(std::move(json));
}

/// What these sign isn't counted: each signature is two lines of the audit log.
Result<void> append_engines(JsonWriter& json, const Call& call) {
  COFFER_TRY(const auto keys, core::key_inventory(*call.vault, call.context.tx, call.context.now));
  json.key("engines").begin_array();
  for (const core::InventoryKey& key : keys) {
    if (!core::is_engines(key.kind) || !key.current()) continue;
    json.begin_object().key("kind").string(core::name_of(key.kind)).key("path").string(key.path);
    json.key("version").number(key.version).key("counted").boolean(false).end_object();
  }
  json.end_array();
  return {};
}

Result<Response> usage(Call& call) {
  core::Unsealed& vault = *call.vault;
  COFFER_TRY(const core::RotationConfig config, core::rotation_config(call.context.tx));
  const envelope::EnrolledToken& token = vault.keyring->token();
  const bool gcm = token.algorithm == pkcs11::kWrapAesGcm;
  JsonWriter json;
  json.begin_object().key("kek").begin_object();
  json.key("version").number(token.kek_version).key("serial").string(token.serial);
  json.key("algorithm").string(token.algorithm);
  json.key("wraps").number(static_cast<std::int64_t>(vault.sealed_store->wraps()));
  json.key("rotates_at").number(static_cast<std::int64_t>(config.max_operations));
  json.key("refuses_at").number(kMostWraps);
  json.key("rotation_due").boolean(core::rotation_due(config, vault, call.context.now));
  if (gcm) json.key("iv").string("96 bits, random").key("tag_bits").number(128);
  json.end_object().key("data_keys").begin_object();
  json.key("algorithm").string("aes-256-gcm").key("uses_of_each").number(1).end_object();
  COFFER_CHECK(append_engines(json, call));
  json.end_object();
  return answer(std::move(json));
}

/// The token's with this serial; without one, the token at hand.
Result<Uuid> token_of(const Call& call) {
  const envelope::Keyring& keyring = *call.vault->keyring;
  COFFER_TRY(const auto serial, call.request.fields.string("serial"));
  if (!serial || serial->empty()) return keyring.token().id;
  for (const envelope::EnrolledToken& token : keyring.tokens()) {
    if (token.serial == *serial) return token.id;
  }
  return invalid("field \"serial\" isn't one of an enrolled token");
}

/// By its path, or by its uuid once it is gone.
Result<Uuid> mount_of(const Call& call) {
  COFFER_TRY(std::string named, required(call.request.fields, "mount"));
  if (const auto id = parse_uuid(named); id.ok()) return *id;
  if (!named.ends_with('/')) named.push_back('/');
  COFFER_TRY(const auto table, call.vault->mounts->table(call.context.tx));
  const core::MountTable::Entry* const entry = table->at(named);
  if (entry == nullptr) return invalid("field \"mount\" is neither a mount nor a mount's uuid");
  return entry->mount.uuid;
}

Result<core::MarkedKey> marked_key(const Call& call) {
  COFFER_TRY(const std::string name, required(call.request.fields, "kind"));
  const auto kind = core::key_kind(name);
  if (!kind) return invalid("field \"kind\" must be one of sys/cryptoperiods");
  COFFER_TRY(const auto version, call.request.fields.integer("version"));
  if (!version || *version < 1 || *version > std::numeric_limits<std::uint32_t>::max()) {
    return invalid("field \"version\" must be a version of that key");
  }
  core::MarkedKey key{.kind = *kind, .owner = {}, .version = static_cast<std::uint32_t>(*version)};
  if (core::is_engines(*kind)) {
    COFFER_TRY(key.owner, mount_of(call));
  } else if (!core::keyring_name(*kind)) {
    COFFER_TRY(key.owner, token_of(call));
  }
  return key;
}

Result<std::string> reason_of(const Call& call) {
  COFFER_TRY(std::string reason, required(call.request.fields, "reason"));
  const bool plain = std::none_of(reason.begin(), reason.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
  });
  if (plain && !reason.empty() && reason.size() <= core::kMaxReason) return reason;
  return invalid("field \"reason\" must be 1 to 256 characters on one line");
}

/// What says whose key it is may not be passed over: another one would be marked, for ever.
Result<void> refuse_other_owner(const Call& call, core::KeyKind kind) {
  COFFER_TRY(const auto mount, call.request.fields.string("mount"));
  COFFER_TRY(const auto serial, call.request.fields.string("serial"));
  if (mount && !core::is_engines(kind)) return invalid("field \"mount\" is for keys of engines");
  const bool of_tokens = !core::is_engines(kind) && !core::keyring_name(kind);
  if (serial && !of_tokens) return invalid("field \"serial\" is for keys of one token");
  return {};
}

/// Nothing stops working by it: what it says is for people, and what they do is a rotation.
Result<Response> mark(Call& call) {
  COFFER_TRY(const core::MarkedKey key, marked_key(call));
  COFFER_CHECK(refuse_other_owner(call, key.kind));
  COFFER_TRY(const std::string reason, reason_of(call));
  const auto marked =
      core::mark_compromised(*call.vault, call.context.tx, key, reason, call.context.now);
  if (!marked.ok() && marked.error().code != ErrorCode::not_found) return marked.error();
  if (!marked.ok()) return invalid("there is no key of this kind and version");
  return no_content();
}

}  // namespace

std::span<const Handler> inventory_handlers() {
  static constexpr Handler kHandlers[] = {
      {{.operation = Operation::read,
        .pattern = "key-inventory",
        .help = "Every version of every key: its state, its cryptoperiod, and its attributes on "
                "the token at this moment."},
       inventory},
      {{.operation = Operation::read,
        .pattern = "key-usage",
        .help = "How often the key-encryption key wrapped, and how often it may."},
       usage},
      {{.operation = Operation::update,
        .pattern = "key-inventory/mark-compromised",
        .sudo = true,
        .help =
            "Say for ever that a `version` of a `kind` of key is compromised, and the `reason`."},
       mark},
  };
  return kHandlers;
}

}  // namespace coffer::sys
