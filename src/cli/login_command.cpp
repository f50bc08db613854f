// login: finds out who one is, and keeps the token for the other commands.
#include <algorithm>

#include "command_data.h"
#include "commands.h"
#include "output.h"
#include "render.h"

namespace coffer::cli {
namespace {

using model::Json;

/// An answer of lookup-self in the shape of a login's, so that both are shown alike.
Json as_login(const Json& lookup, const std::string& token) {
  constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"accessor", "accessor"},
      {"policies", "policies"},
      {"token_policies", "policies"},
      {"metadata", "meta"},
      {"identity_policies", "identity_policies"},
      {"lease_duration", "ttl"},
      {"renewable", "renewable"},
      {"display_name", "display_name"}};
  Json auth = Json::object();
  if (!token.empty()) auth.set("client_token", Json::string(token));
  for (const auto& [name, member] : kNames) {
    const Json* value = lookup.find_path({"data", member});
    if (value != nullptr) auth.set(name, *value);
  }
  Json envelope = Json::object();
  for (const Json::Member& member : lookup.members()) {
    if (member.name != "data" && member.name != "auth") envelope.set(member.name, member.value);
  }
  envelope.set("auth", std::move(auth));
  return envelope;
}

/// `token` is what was sent: that the answer repeats it isn't relied upon.
std::optional<Json> look_up_self(Session& session, const std::string& token) {
  const auto answer = session.ask("looking up the token", {.path = "auth/token/lookup-self"});
  if (!answer) return std::nullopt;
  if (answer->json.find_path({"data", "policies"}) != nullptr) return as_login(answer->json, token);
  session.fail(kRemote, "Error looking up the token: the answer doesn't say what it may do");
  return std::nullopt;
}

/// The token as the user gives it: asked for, or the first argument (see read_secret_argument), or
/// token=VALUE. nullopt: it was wrong, and that has been said.
std::optional<std::string> given_token(Session& session) {
  if (session.positional().empty()) return ask_for(session, "token");
  if (!session.positional()[0].starts_with("token=")) {
    return read_secret_argument(session, 0, "token");
  }
  const auto data = read_command_data(session, 0);
  if (!data) return std::nullopt;
  return data->find("token")->text();
}

std::optional<Json> login_with_token(Session& session) {
  if (session.positional().size() > 1) {
    session.fail(kLocal, "Too many arguments: want one token, or none to be asked for it");
    return std::nullopt;
  }
  auto text = given_token(session);
  if (!text) return std::nullopt;
  auto token = clean_token(*text, "your answer");
  wipe(*text);
  if (!token.ok() || token->empty()) {
    session.fail(kLocal, "Error: " + (token.ok() ? "no token was given" : token.error().text));
    return std::nullopt;
  }
  const std::string sent(as_text(token->expose(Reveal{"keep the token that was looked up"})));
  session.use_token(Token{*std::move(token), "this command", ""});
  return look_up_self(session, sent);
}

/// The kernel says who calls: nothing to send, and nothing to keep.
std::optional<Json> login_as_peer(Session& session) {
  const auto token = session.token();
  if (token.ok() && *token) {
    session.console().warning("the token in " + (*token)->origin +
                              " is what the other commands send, and it decides alone");
  }
  session.use_token(std::nullopt);
  return look_up_self(session, "");
}

/// What other methods have in common: a user's name is in the path, the rest is in the body.
std::optional<Json> login_with_method(Session& session, const std::string& method) {
  auto data = read_command_data(session, 0);
  if (!data) return std::nullopt;
  std::string mount = session.flags().text("path");
  mount.erase(mount.find_last_not_of('/') + 1);
  std::string path = "auth/" + (mount.empty() ? method : mount) + "/login";
  Json body = Json::object();
  for (const Json::Member& member : data->members()) {
    if (member.name == "username") {
      path += "/" + member.value.text();
    } else {
      body.set(member.name, member.value);
    }
  }
  if (data->find("username") != nullptr && body.find("password") == nullptr) {
    auto password = ask_for(session, "password");
    if (!password) return std::nullopt;
    body.set("password", Json::string(*std::move(password)));
  }
  session.use_token(std::nullopt);
  const auto answer =
      session.ask("logging in", {.method = "PUT", .path = path, .body = body.compact()});
  if (!answer) return std::nullopt;
  if (answer->json.find_path({"auth", "client_token"}) != nullptr) return answer->json;
  session.fail(kRemote, "Error logging in: the answer has no token");
  return std::nullopt;
}

std::optional<Json> login(Session& session, const std::string& method) {
  if (method == "token") return login_with_token(session);
  if (method == "unix") return login_as_peer(session);
  return login_with_method(session, method);
}

/// Where it was stored; empty: it wasn't to be. nullopt: it couldn't be, and that has been said.
std::optional<std::string> store(Session& session, const Json* text) {
  const Flags& flags = session.flags();
  if (text == nullptr || flags.boolean("no-store") || flags.boolean("token-only")) return "";
  const auto token = clean_token(text->text(), "the answer");
  if (!token.ok()) {
    session.fail(kRemote, "Error: " + token.error().text);
    return std::nullopt;
  }
  auto path = store_token(session.environment(), *token);
  if (!path.ok()) {
    session.fail(kLocal, "Error: " + path.error().text);
    return std::nullopt;
  }
  if (const auto set = session.environment().own("TOKEN")) {
    session.console().warning(set->name + " is set, and goes before the stored token; unset it");
  }
  return *path;
}

/// A stored token isn't shown on the screen too.
int print_login(Session& session, Json envelope, const std::string& stored_in, bool peer) {
  if (session.flags().boolean("no-print")) return kOk;
  if (!session.settings().field.empty()) return print_field(session, nullptr, &envelope);
  if (!session.shows_table()) return print_tree(session, envelope);
  std::vector<Row> rows = secret_rows(envelope);
  if (!stored_in.empty()) std::erase_if(rows, [](const Row& row) { return row.first == "token"; });
  if (peer) {
    session.console().line("Success! The daemon knows you by your user id: no token is needed.\n");
  } else if (!stored_in.empty()) {
    session.console().line("Success! You are now authenticated. The token is stored in\n" +
                           stored_in + ", and the other commands will send it.\n");
  }
  session.console().line(render_table(rows));
  return kOk;
}

int run_login(Session& session) {
  const std::string given = session.flags().text("method");
  const std::string method = given.empty() ? "token" : given;
  const bool peer = method == "unix";
  if (peer && session.flags().boolean("token-only")) {
    return session.fail(kLocal, "-method=unix gives no token: none is needed");
  }
  const auto envelope = login(session, method);
  if (!envelope) return session.exit_code();
  const Json* token = peer ? nullptr : envelope->find_path({"auth", "client_token"});
  const auto stored_in = store(session, token);
  if (!stored_in) return session.exit_code();
  if (session.flags().boolean("token-only")) {
    if (token != nullptr) session.console().value(token->text());
    return kOk;
  }
  return print_login(session, *envelope, *stored_in, peer);
}

}  // namespace

std::vector<Command> login_commands() {
  return {
      {.words = "login",
       .synopsis = "[flags] [TOKEN | K=V ...]",
       .summary = "Say who you are, and keep the token",
       .help =
           "With -method=token (the default) asks for a token without echo; TOKEN - reads it from\n"
           "standard input. It is looked up and kept for the other commands. With -method=unix\n"
           "nothing is sent or kept: the daemon knows local users, and says who you are. Other\n"
           "methods are sent the data K=V, given as with write; a password that isn't there is\n"
           "asked for.\n\n"
           "    $ coffer login\n"
           "    $ coffer login -method=unix\n"
           "    $ coffer login -method=userpass username=ada",
       .flags = {{"method", FlagKind::text, "token, unix, or the type of another auth method"},
                 {"path", FlagKind::text, "where that method is mounted, if not at its type"},
                 {"no-store", FlagKind::boolean, "don't keep the token"},
                 {"no-print", FlagKind::boolean, "print nothing"},
                 {"token-only", FlagKind::boolean, "print the token and don't keep it"},
                 kFieldFlag},
       .least = 0,
       .most = kAnyNumber,
       .run = &run_login,
       .common = true}};
}

}  // namespace coffer::cli
