// key list, key usage, token attest: which keys there are, and what the token says of itself.
#include "commands.h"
#include "output.h"
#include "render.h"

namespace coffer::cli {
namespace {

using model::Json;

std::string text_of(const Json& object, std::string_view name) {
  const Json* found = object.find(name);
  return found == nullptr ? std::string() : found->text();
}

/// Whether the token gave them, and whether the key can leave it.
std::string attributes_of(const Json& key) {
  if (!text_of(key, "attributes_error").empty()) return text_of(key, "attributes_error");
  const Json* attributes = key.find("attributes");
  if (attributes == nullptr) return {};
  const bool stays = text_of(*attributes, "CKA_SENSITIVE") == "true" &&
                     text_of(*attributes, "CKA_EXTRACTABLE") == "false";
  return stays ? "sensitive, not extractable" : "MAY LEAVE THE TOKEN";
}

/// Whose it is: a token's by its serial, a mount's by its path.
std::string holder_of(const Json& key) {
  std::string serial = text_of(key, "serial");
  if (!serial.empty()) return serial;
  return text_of(key, "path").empty() ? text_of(key, "mount") : text_of(key, "path");
}

/// Keys on the token that the vault knows nothing of.
void add_unclaimed(const Json& unclaimed, std::vector<std::vector<std::string>>& lines) {
  for (const Json& key : unclaimed.elements()) {
    lines.push_back({text_of(key, "label"), "", text_of(key, "state"), text_of(key, "maker"), "",
                     "", "", attributes_of(key)});
  }
}

int key_list(Session& session) {
  const auto answer = session.ask("listing keys", {.path = "sys/key-inventory"});
  if (!answer) return session.exit_code();
  const Json* keys = answer->json.find_path({"data", "keys"});
  if (answer->missing() || keys == nullptr) return session.nothing_found("sys/key-inventory");
  if (!session.settings().field.empty() || !session.shows_table()) {
    return print_secret(session, *answer);
  }
  std::vector<std::vector<std::string>> lines;
  for (const Json& key : keys->elements()) {
    lines.push_back({text_of(key, "kind"), text_of(key, "version"), text_of(key, "state"),
                     holder_of(key), text_of(key, "activated"), text_of(key, "period_ends"),
                     text_of(key, "period"), attributes_of(key)});
  }
  const Json* const unclaimed = answer->json.find_path({"data", "unclaimed"});
  if (unclaimed != nullptr && !unclaimed->is_null()) add_unclaimed(*unclaimed, lines);
  session.console().line(render_columns(
      {"Key", "Version", "State", "Holder", "Activated", "Period Ends", "Period", "On The Token"},
      lines));
  return kOk;
}

int key_usage(Session& session) {
  return look_up(session, "reading the use of keys", {.path = "sys/key-usage"});
}

int key_mark(Session& session) {
  auto body = session.flag_body();
  if (!body) return session.exit_code();
  for (const char* name : {"kind", "version", "reason"}) {
    if (body->find(name) != nullptr) continue;
    return session.fail(kLocal, std::string("-").append(name) + " must be given");
  }
  return carry_out(
      session, "marking a key as compromised",
      {.method = "POST", .path = "sys/key-inventory/mark-compromised", .body = body->compact()},
      "Success! The key is marked as compromised, for ever");
}

/// The note by itself, byte for byte: it is verified elsewhere.
int token_attest(Session& session) {
  auto body = session.flag_body();
  if (!body) return session.exit_code();
  const auto answer =
      session.ask("having the token attest itself",
                  {.method = "POST", .path = "sys/token/attest", .body = body->compact()});
  if (!answer) return session.exit_code();
  const Json* note = answer->json.find_path({"data", "note"});
  if (answer->missing() || note == nullptr) return session.nothing_found("sys/token/attest");
  if (!session.settings().field.empty() || !session.shows_table()) {
    return print_secret(session, *answer);
  }
  session.console().document(note->text());
  return kOk;
}

}  // namespace

std::vector<Command> key_commands() {
  return {
      {.words = "key list",
       .synopsis = "[flags]",
       .summary = "List every version of every key",
       .help = "Lists the vault's keys with their states (NIST SP 800-57), when they became\n"
               "active, and when their usage period ends. Attributes of keys on the token are\n"
               "read from it at this moment; -format=json has all of them.\n\n"
               "    $ coffer key list\n"
               "    $ coffer key list -format=json",
       .flags = {kFieldFlag},
       .least = 0,
       .most = 0,
       .run = &key_list},
      {.words = "key usage",
       .synopsis = "[flags]",
       .summary = "Say how often the key-encryption key was used",
       .help = "Prints how often the current key-encryption key wrapped, at how many wraps it\n"
               "rotates by itself, and at how many it refuses.\n\n"
               "    $ coffer key usage -format=json",
       .flags = {kFieldFlag},
       .least = 0,
       .most = 0,
       .run = &key_usage},
      {.words = "key mark-compromised",
       .synopsis = "[flags]",
       .summary = "Say for ever that a key is compromised",
       .help = "Marks a version of a key as compromised (NIST SP 800-57), with the time and a\n"
               "reason. The mark is shown with the key and never goes away; the key works as\n"
               "before, so rotate it: coffer operator rotate-key.\n\n"
               "    $ coffer key mark-compromised -kind=kek -version=1 -reason=\"token was lost\"",
       .flags = {{"kind", FlagKind::text, "which key, as sys/cryptoperiods names it", "kind"},
                 {"version", FlagKind::number, "which version of it", "version"},
                 {"reason", FlagKind::text, "why, on one line", "reason"},
                 {"serial", FlagKind::text, "of the token that has it (the one in use)", "serial"},
                 {"mount", FlagKind::text, "of an engine's key: its mount", "mount"}},
       .least = 0,
       .most = 0,
       .run = &key_mark},
      {.words = "token attest",
       .synopsis = "[flags]",
       .summary = "Have the token sign who it is",
       .help =
           "The token signs a challenge, its serial, model and firmware, and the attributes\n"
           "of its keys. The signed note is verified elsewhere, without the vault:\n\n"
           "    $ coffer token attest -challenge=\"$(openssl rand -hex 16)\" > attestation.note\n"
           "    $ coffer-audit verify-attestation -key=signer.pem attestation.note",
       .flags = {{"challenge", FlagKind::text, "what the token is to sign with it (random)",
                  "challenge"},
                 kFieldFlag},
       .least = 0,
       .most = 0,
       .run = &token_attest}};
}

}  // namespace coffer::cli
