// Which keys there are, what the token says of them at this moment, and what it signs about itself
// and about evidence that was gathered. docs/keys.md, docs/formats/evidence.md.
#include "coffer/audit/evidence.h"
#include "coffer/base/version.h"
#include "coffer/core/key_inventory.h"
#include "coffer/core/rewrap.h"
#include "coffer/core/rotation.h"
#include "coffer/crypto/random.h"
#include "handlers.h"

namespace coffer::sys {
namespace {

/// What src/envelope/wrap_counter.h refuses at (SP 800-38D section 8.3 allows 2^32).
constexpr std::int64_t kMostWraps = std::int64_t{1} << 31U;
constexpr std::size_t kChallengeSize = 32;
constexpr std::size_t kMostChallenge = 128;

std::string_view purpose_of(core::KeyKind kind) {
  switch (kind) {
    case core::KeyKind::kek: return "wraps data keys and the keyring";
    case core::KeyKind::sign: return "signs keyring, audit log, backups and evidence";
    case core::KeyKind::record: return "derives the keys that seal metadata";
    case core::KeyKind::bind: return "enters the key of each secret";
    case core::KeyKind::name: return "makes the names of the store's rows";
    case core::KeyKind::token_hash: return "hashes bearer tokens";
    case core::KeyKind::audit: return "hashes values in the audit log";
    case core::KeyKind::fingerprint: break;
  }
  return "recognises leaked values";
}

pkcs11::KeyRef ref_of(const Uuid& vault, core::KeyKind kind, std::uint32_t version) {
  return kind == core::KeyKind::kek ? envelope::kek_ref(vault, version)
                                    : envelope::sign_ref(vault, version);
}
pkcs11::KeyRole role_of(core::KeyKind kind) {
  return kind == core::KeyKind::kek ? pkcs11::KeyRole::kek : pkcs11::KeyRole::sign;
}

void append_time(JsonWriter& json, std::string_view name, const std::optional<WallTime>& time) {
  if (time) json.key(name).string(to_rfc3339(*time));
}

using Attributes = std::vector<pkcs11::KeyAttribute>;

void append_attributes(JsonWriter& json, const Result<Attributes>& read) {
  if (!read.ok()) {
    json.key("attributes").null().key("attributes_error").string(read.error().text);
    return;
  }
  json.key("attributes").begin_object();
  for (const auto& [name, value] : *read) json.key(name).string(value);
  json.end_object();
}

/// As the token has it now; never what was read before.
Result<Attributes> read_attributes(core::Unsealed& vault, core::KeyKind kind,
                                   std::uint32_t version) {
  return vault.token->attributes(role_of(kind), ref_of(vault.keyring->vault(), kind, version));
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

void append_key(JsonWriter& json, const Sight& sight, const core::InventoryKey& key) {
  const bool on_token = key.token != Uuid{};
  json.begin_object().key("kind").string(core::name_of(key.kind)).key("version");
  json.number(key.version).key("state").string(core::to_string(key.state));
  json.key("purpose").string(purpose_of(key.kind));
  json.key("location").string(on_token ? "token" : "keyring");
  if (on_token) json.key("token").string(to_string(key.token)).key("serial").string(key.serial);
  json.key("activated").string(to_rfc3339(key.activated)).key("dated").boolean(key.dated);
  append_time(json, "deactivated", key.deactivated);
  const bool withdrawn = key.state == core::KeyState::withdrawn;
  append_time(json, withdrawn ? "withdrawn" : "destroyed", key.destroyed);
  append_time(json, "period_ends", key.ends);
  json.key("period").string(core::to_string(key.period));
  if (key.kind == core::KeyKind::kek) append_kek(json, sight, key);
  if (on_token && key.token == sight.vault.keyring->token().id && !key.destroyed) {
    append_attributes(json, read_attributes(sight.vault, key.kind, key.version));
  }
  json.end_object();
}

/// One that was made by a change which was cut short, or by a ceremony, and isn't in use yet. That
/// none is found is the rule, and a token that is away has been told of by its other keys.
void append_unused(JsonWriter& json, const Sight& sight, core::KeyKind kind, std::uint32_t next) {
  const Result<Attributes> read = read_attributes(sight.vault, kind, next);
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
  json.end_array().end_object();
  return answer(std::move(json));
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
  json.end_object();
  return answer(std::move(json));
}

/// A token's own words, on one line whatever they hold.
std::string one_line(std::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; }, '?');
  return out;
}

void add_line(std::string& text, std::string_view name, std::string_view value) {
  text.append(name).append(": ").append(one_line(value)).append("\n");
}

Result<void> add_key(std::string& text, core::Unsealed& vault, core::KeyKind kind,
                     std::uint32_t version) {
  COFFER_TRY(const Attributes attributes, read_attributes(vault, kind, version));
  std::string value = std::string(core::name_of(kind)).append(" ") + std::to_string(version);
  for (const auto& [name, got] : attributes) value.append(" ").append(name + "=" + got);
  add_line(text, "key", value);
  return {};
}

/// A challenge of the caller stands in a line of its own behind our label, and has no line break:
/// nobody gets another text signed by it.
Result<std::string> challenge_of(const Call& call) {
  COFFER_TRY(std::optional<std::string> given, call.request.fields.string("challenge"));
  if (!given || given->empty()) {
    COFFER_TRY(const Bytes random, crypto::random_bytes(kChallengeSize));
    return to_hex(random);
  }
  const bool plain =
      std::all_of(given->begin(), given->end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (plain && given->size() <= kMostChallenge) return *std::move(given);
  return invalid("field \"challenge\" must be at most 128 printable characters, without spaces");
}

Result<std::string> attestation(const Call& call, const std::string& challenge) {
  core::Unsealed& vault = *call.vault;
  COFFER_TRY(const pkcs11::TokenInfo info, vault.token->info());
  const envelope::EnrolledToken& enrolled = vault.keyring->token();
  std::string text = audit::attestation_label(vault.keyring->vault()) + "\n";
  add_line(text, "challenge", challenge);
  add_line(text, "time", to_rfc3339(call.context.now));
  add_line(text, "serial", info.serial);
  add_line(text, "label", info.label);
  add_line(text, "manufacturer", info.manufacturer);
  add_line(text, "model", info.model);
  add_line(text, "firmware", info.firmware);
  add_line(text, "hardware", info.hardware);
  add_line(text, "profile", info.profile);
  add_line(text, "wrap", enrolled.algorithm);
  COFFER_CHECK(add_key(text, vault, core::KeyKind::kek, enrolled.kek_version));
  COFFER_CHECK(add_key(text, vault, core::KeyKind::sign, enrolled.sign_version));
  return text;
}

Result<Response> attest(Call& call) {
  COFFER_TRY(const std::string challenge, challenge_of(call));
  COFFER_TRY(const std::string text, attestation(call, challenge));
  envelope::Keyring& keyring = *call.vault->keyring;
  COFFER_TRY(const std::string note, audit::sign_note(text, keyring));
  JsonWriter json;
  json.begin_object().key("note").string(note).key("challenge").string(challenge);
  json.key("public_key").string(crypto::pem_from_spki(keyring.public_key())).end_object();
  return answer(std::move(json));
}

/// Hashes and names in, a signed list of them out: what they are hashes of is the caller's word.
/// Every line is taken apart and made anew.
Result<Response> sign_evidence(Call& call) {
  COFFER_TRY(const auto lines, call.request.fields.strings("files"));
  if (!lines || lines->empty()) return invalid("missing field \"files\"");
  envelope::Keyring& keyring = *call.vault->keyring;
  audit::Manifest manifest{.vault = keyring.vault(),
                           .time = to_rfc3339(call.context.now),
                           .version = std::string(kVersion),
                           .files = {}};
  for (const std::string& line : *lines) {
    COFFER_TRY(audit::EvidenceFile file, audit::parse_evidence_file(line));
    manifest.files.push_back(std::move(file));
  }
  COFFER_TRY(const std::string text, audit::manifest_text(manifest));
  COFFER_TRY(const std::string note, audit::sign_note(text, keyring));
  JsonWriter json;
  json.begin_object().key("note").string(note).end_object();
  return answer(std::move(json));
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
        .pattern = "token/attest",
        .help = "The token signs a `challenge`, who it is, and what its keys are."},
       attest},
      {{.operation = Operation::update,
        .pattern = "evidence",
        .sudo = true,
        .help = "Sign a manifest of `files`: hash, size and name of each."},
       sign_evidence},
  };
  return kHandlers;
}

}  // namespace coffer::sys
