// operator init, unseal, seal.
#include "command_data.h"
#include "commands.h"
#include "output.h"
#include "seal_status.h"
#include "terminal.h"

namespace coffer::cli {
namespace {

using model::Json;

/// With the token's PIN as `member`, if it is to be sent. False: it was wrong, and that has been
/// said.
bool add_pin(Session& session, std::string_view member, Json& body) {
  const bool given = !session.positional().empty();
  if (!given && !session.flags().boolean("pin")) return true;
  if (given && session.positional()[0] != "-") {
    // Not quoted: it is a PIN, probably.
    session.fail(kLocal,
                 "A PIN isn't taken from the command line\n"
                 "use -pin to be asked for it, or - for standard input");
    return false;
  }
  auto pin = given ? read_secret_argument(session, 0, "PIN") : ask_for(session, "PIN");
  if (!pin) return false;
  while (pin->ends_with('\n') || pin->ends_with('\r')) pin->pop_back();
  if (pin->empty()) {
    session.fail(kLocal, "Error: the PIN is empty");
    return false;
  }
  body.set(member, Json::string(*std::move(pin)));
  return true;
}

/// Vault's: 0 initialised, 2 not yet, 1 an error.
int print_init_status(Session& session) {
  const auto answer = session.ask("checking whether it is initialised", {.path = "sys/init"});
  if (!answer) return session.exit_code() == kOk ? kOk : kLocal;
  const Json* initialized = answer->json.find("initialized");
  if (initialized == nullptr) {
    return session.fail(kLocal, "Error checking whether it is initialised: the answer doesn't say");
  }
  const bool done = initialized->text() == "true";
  if (session.shows_table()) {
    session.console().line(done ? "The vault is initialised" : "The vault is not initialised");
  } else {
    print_tree(session, answer->json);
  }
  return done ? kOk : kRemote;
}

/// What opens the vault once its token is lost is decided now, or it is decided that nothing does.
/// False: as add_pin().
bool add_recovery(Session& session, Json& body) {
  const std::string file = session.flags().text("recovery-token");
  const bool none = session.flags().boolean("no-recovery");
  if (file.empty() == !none) {
    session.fail(kLocal,
                 "Error: one of -recovery-token=FILE and -no-recovery is needed\n"
                 "whoever loses the vault's only token loses the vault");
    return false;
  }
  if (none) {
    body.set("no_recovery", Json::boolean(true));
    return true;
  }
  const auto text = read_file(file);
  const auto enrolment = text.ok() ? Json::parse(*text) : Result<Json>(text.error());
  if (!enrolment.ok() || !enrolment->is_object()) {
    session.fail(kLocal, "Error: " + file + " isn't an enrolment\ncoffer-ceremony enrol makes one");
    return false;
  }
  body.set("recovery_token", *enrolment);
  return true;
}

int operator_init(Session& session) {
  if (session.flags().boolean("status")) return print_init_status(session);
  auto body = session.flag_body();
  if (!body || !add_recovery(session, *body) || !add_pin(session, "pin", *body)) return kLocal;
  const auto answer =
      session.ask("initialising", {.method = "PUT", .path = "sys/init", .body = body->compact()});
  if (!answer) return session.exit_code();
  const Json* token = answer->json.find("root_token");
  if (answer->missing() || token == nullptr) {
    return session.fail(kRemote, "Error initialising: the answer has no root token");
  }
  if (!session.settings().field.empty()) return print_field(session, &answer->json, nullptr);
  if (!session.shows_table()) return print_tree(session, answer->json);
  session.console().line("Initial Root Token: " + token->text());
  session.console().line(
      "\nThis token is shown once. Store it safely, or make others with it and revoke it.\n"
      "There are no key shares: the keys are on the vault's PKCS#11 token, and never leave it.");
  session.console().line(session.flags().boolean("no-recovery")
                             ? "Whoever loses that token loses the vault."
                             : "The second token opens the vault if that one is lost.");
  return kOk;
}

int operator_unseal(Session& session) {
  Json body = Json::object();
  if (!add_pin(session, "key", body)) return kLocal;
  const auto answer =
      session.ask("unsealing", {.method = "PUT", .path = "sys/unseal", .body = body.compact()});
  if (!answer) return session.exit_code();
  if (answer->missing()) return session.nothing_found("sys/unseal");
  if (!session.settings().field.empty()) return print_field(session, &answer->json, nullptr);
  return print_seal_status(session, answer->json);
}

int operator_seal(Session& session) {
  return carry_out(session, "sealing", {.method = "PUT", .path = "sys/seal", .body = ""},
                   "Success! Vault is sealed.");
}

constexpr Flag kPinFlag{"pin", FlagKind::boolean, "ask for the token's PIN"};

}  // namespace

std::vector<Command> operator_commands() {
  return {
      {.words = "operator init",
       .synopsis = "[flags] [-]",
       .summary = "Make a new vault's keys and its first token",
       .help =
           "Makes or adopts the keys on the vault's PKCS#11 token, and prints the root token,\n"
           "which is shown this once. There are no key shares. What opens the vault if its token\n"
           "is lost is said now: a second token, of which `coffer-ceremony enrol` wrote FILE, or\n"
           "nothing. The token's PIN is given as with operator unseal, if the daemon has none or\n"
           "you aren't its user.\n\n"
           "    $ coffer operator init -recovery-token=second.json\n"
           "    $ coffer operator init -no-recovery\n"
           "    $ coffer operator init -status",
       .flags = {{"status", FlagKind::boolean,
                  "only say whether that was done: exit code 0 yes, 2 no, 1 an error"},
                 {"adopt", FlagKind::text,
                  "the id of the vault whose keys are on the token: take them, make none", "adopt"},
                 {"recovery-token", FlagKind::text, "the enrolment of a second token"},
                 {"no-recovery", FlagKind::boolean, "there is no second token"},
                 kPinFlag,
                 kFieldFlag},
       .least = 0,
       .most = 1,
       .run = &operator_init},
      {.words = "operator unseal",
       .synopsis = "[flags] [-]",
       .summary = "Open the vault with its token",
       .help = "Has the daemon open the vault with the keys on its PKCS#11 token. If it wants the\n"
               "token's PIN: -pin asks for it without echo, - reads it from standard input.\n\n"
               "    $ coffer operator unseal\n"
               "    $ coffer operator unseal - <pin",
       .flags = {kPinFlag, kFieldFlag},
       .least = 0,
       .most = 1,
       .run = &operator_unseal},
      {.words = "operator seal",
       .synopsis = "[flags]",
       .summary = "Close the vault",
       .help = "Has the daemon forget all keys. Nothing can be read or written until it is\n"
               "unsealed.\n\n"
               "    $ coffer operator seal",
       .flags = {},
       .least = 0,
       .most = 0,
       .run = &operator_seal}};
}

}  // namespace coffer::cli
