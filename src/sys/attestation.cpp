// What the token signs about itself, and about evidence that was gathered.
// docs/formats/evidence.md.
#include <algorithm>

#include "coffer/audit/evidence.h"
#include "coffer/base/version.h"
#include "coffer/crypto/random.h"
#include "handlers.h"
#include "key_attributes.h"

namespace coffer::sys {
namespace {

constexpr std::size_t kChallengeSize = 32;
constexpr std::size_t kMostChallenge = 128;

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

/// `where` says which of several of this kind and version it is.
void add_key(std::string& text, std::string value, std::string_view where,
             const Attributes& attributes) {
  value.append(where);
  for (const auto& [name, got] : attributes) value.append(" ").append(name + "=" + got);
  add_line(text, "key", value);
}

std::string named(core::KeyKind kind, std::uint32_t version) {
  return std::string(core::name_of(kind)).append(" ") + std::to_string(version);
}

Result<void> add_vaults_key(std::string& text, core::Unsealed& vault, core::KeyKind kind,
                            std::uint32_t version) {
  COFFER_TRY(const Attributes attributes, read_attributes(vault, kind, Uuid{}, version));
  add_key(text, named(kind, version), {}, attributes);
  return {};
}

/// Those in use. One that this token hasn't got doesn't keep it from telling of the others.
Result<void> add_engines_keys(std::string& text, const Call& call) {
  COFFER_TRY(const auto keys, core::key_inventory(*call.vault, call.context.tx, call.context.now));
  for (const core::InventoryKey& key : keys) {
    if (!core::is_engines(key.kind) || !key.current()) continue;
    const std::string mount = " mount=" + to_string(key.mount);
    const auto read = read_attributes(*call.vault, key.kind, key.mount, key.version);
    if (!read.ok() && read.error().code != ErrorCode::not_found) return read.error();
    add_key(text, named(key.kind, key.version), read.ok() ? mount : mount + " absent",
            read.ok() ? *read : Attributes());
  }
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
  COFFER_CHECK(add_vaults_key(text, vault, core::KeyKind::kek, enrolled.kek_version));
  COFFER_CHECK(add_vaults_key(text, vault, core::KeyKind::sign, enrolled.sign_version));
  COFFER_CHECK(add_engines_keys(text, call));
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

std::span<const Handler> attestation_handlers() {
  static constexpr Handler kHandlers[] = {
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
