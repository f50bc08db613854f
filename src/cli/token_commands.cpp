// token create, lookup, renew, revoke, capabilities.
#include <algorithm>

#include "coffer/base/secure_bytes.h"
#include "command_data.h"
#include "commands.h"
#include "flag_body.h"
#include "output.h"

namespace coffer::cli {
namespace {

using model::Json;

constexpr Flag kAccessor{"accessor", FlagKind::boolean, "the argument is an accessor, not a token"};

/// The token or accessor that a command is about. Its paths differ by what was given.
struct Subject {
  std::string member;  ///< "token", "accessor", or empty: the token that is sent
  std::string value;

  [[nodiscard]] bool is_self() const { return member.empty(); }
  [[nodiscard]] bool is_accessor() const { return member == "accessor"; }
  /// auth/token/lookup, -accessor or -self.
  [[nodiscard]] std::string path(std::string_view verb) const {
    std::string text = "auth/token/";
    text.append(verb);
    if (is_self()) text += "-self";
    if (is_accessor()) text += "-accessor";
    return text;
  }
  void add_to(Json& body) const {
    if (!is_self()) body.set(member, Json::string(value));
  }
};

std::string without_space(std::string text) {
  constexpr std::string_view kSpace = " \t\r\n";
  text.erase(0, std::min(text.find_first_not_of(kSpace), text.size()));
  text.erase(text.find_last_not_of(kSpace) + 1);
  return text;
}

/// From the first argument, when `given`. nullopt: it was wrong, and that has been said.
std::optional<Subject> subject_of(Session& session, bool given) {
  const bool accessor = session.flags().boolean("accessor");
  if (!given) {
    if (!accessor) return Subject{};
    session.fail(kLocal, "-accessor needs the accessor as an argument");
    return std::nullopt;
  }
  if (accessor) return Subject{"accessor", session.positional()[0]};
  auto token = read_secret_argument(session, 0, "token");
  if (!token) return std::nullopt;
  Subject subject{"token", without_space(*token)};
  wipe(*token);
  if (subject.value.empty()) {
    session.fail(kLocal, "Error: no token was given");
    return std::nullopt;
  }
  return subject;
}

int token_create(Session& session) {
  auto body = session.flag_body();
  if (!body) return kLocal;
  // As Vault's clients: these are always there.
  const auto fill = [&body](std::string_view name, Json value) {
    if (body->find(name) == nullptr) body->set(name, std::move(value));
  };
  fill("display_name", Json::string(""));
  fill("num_uses", Json::number(0));
  fill("renewable", Json::boolean(true));
  fill("type", Json::string("service"));
  const std::string role = session.flags().text("role");
  const std::string path = "auth/token/create" + (role.empty() ? "" : "/" + role);
  return look_up(session, "creating a token",
                 {.method = "POST", .path = path, .body = body->compact()});
}

int token_lookup(Session& session) {
  const auto subject = subject_of(session, !session.positional().empty());
  if (!subject) return kLocal;
  HttpRequest request{.path = subject->path("lookup")};
  if (!subject->is_self()) {
    Json body = Json::object();
    subject->add_to(body);
    request.method = "POST";
    request.body = body.compact();
  }
  return look_up(session, "looking up the token", request);
}

int token_renew(Session& session) {
  auto body = session.flag_body();
  if (!body) return kLocal;
  const auto subject = subject_of(session, !session.positional().empty());
  if (!subject) return kLocal;
  subject->add_to(*body);
  return look_up(session, "renewing the token",
                 {.method = subject->is_accessor() ? "POST" : "PUT",
                  .path = subject->path("renew"),
                  .body = body->compact()});
}

constexpr std::string_view kRevoked = "Success! Revoked token (if it existed)";

int revoke_below(Session& session) {
  const std::string path = session.path_argument(0);
  return carry_out(session, "revoking what came from " + path,
                   {.method = "PUT", .path = "sys/leases/revoke-prefix/" + path, .body = ""},
                   "Success! Revoked all tokens that came from: " + path);
}

/// -self needs no argument, and all else needs one: to revoke one's own by mistake is too easy.
bool arguments_fit(Session& session, const std::string& mode) {
  const Flags& flags = session.flags();
  const bool self = flags.boolean("self");
  const bool accessor = flags.boolean("accessor");
  const char* wrong = nullptr;
  if (self == !session.positional().empty()) {
    wrong = self ? "-self takes no argument" : "Give a token, or -self for your own";
  } else if (!mode.empty() && mode != "orphan" && mode != "path") {
    wrong = "-mode must be orphan or path";
  } else if ((self && (accessor || !mode.empty())) || (accessor && !mode.empty())) {
    wrong = "-self, -accessor and -mode exclude each other";
  }
  if (wrong != nullptr) session.fail(kLocal, wrong);
  return wrong == nullptr;
}

int token_revoke(Session& session) {
  const std::string mode = session.flags().text("mode");
  if (!arguments_fit(session, mode)) return kLocal;
  if (mode == "path") return revoke_below(session);
  const auto subject = subject_of(session, !session.positional().empty());
  if (!subject) return kLocal;
  Json body = Json::object();
  subject->add_to(body);
  return carry_out(session, "revoking the token",
                   {.method = subject->is_accessor() ? "POST" : "PUT",
                    .path = mode == "orphan" ? "auth/token/revoke-orphan" : subject->path("revoke"),
                    .body = subject->is_self() ? "" : body.compact()},
                   kRevoked);
}

/// `capabilities`, or the member of the path's name in answers of newer servers.
const Json* capabilities_of(const Answer& answer, const std::string& path) {
  const Json* data = answer.json.find_path({"data"});
  if (data == nullptr) data = &answer.json;
  const Json* list = data->find("capabilities");
  return list != nullptr ? list : data->find(path);
}

int token_capabilities(Session& session) {
  const bool given = session.positional().size() == 2;
  const auto subject = subject_of(session, given);
  if (!subject) return kLocal;
  const std::string path = session.positional().back();
  Json paths = Json::array();
  paths.push(Json::string(path));
  Json body = Json::object();
  subject->add_to(body);
  body.set("paths", std::move(paths));
  std::string api = "sys/capabilities";
  if (subject->is_self()) api += "-self";
  if (subject->is_accessor()) api += "-accessor";
  const auto answer = session.ask("asking for capabilities",
                                  {.method = "POST", .path = api, .body = body.compact()});
  if (!answer) return session.exit_code();
  const Json* list = capabilities_of(*answer, path);
  if (answer->missing() || list == nullptr) return session.nothing_found(api);
  if (!session.shows_table()) return print_tree(session, *list);
  std::vector<std::string> names;
  for (const Json& name : list->elements()) names.push_back(name.text());
  std::sort(names.begin(), names.end());
  std::string line;
  for (const std::string& name : names) line.append(line.empty() ? "" : ", ").append(name);
  session.console().line(line);
  return kOk;
}

Command create_command() {
  return {
      .words = "token create",
      .synopsis = "[flags]",
      .summary = "Create a token",
      .help =
          "Makes a token, a child of the one that is sent, and prints it. It has that one's\n"
          "policies unless -policy names others.\n\n"
          "    $ coffer token create -policy=app -ttl=1h\n"
          "    $ coffer token create -field=token -policy=backup -period=24h >backup.token",
      .flags =
          {{"policy", FlagKind::list, "a policy for it; may be repeated", "policies"},
           {"ttl", FlagKind::duration, "how long it lasts at first", "ttl"},
           {"explicit-max-ttl", FlagKind::duration, "how long it lasts at most",
            "explicit_max_ttl"},
           {"period", FlagKind::duration, "each renewal makes it last so long again", "period"},
           {"use-limit", FlagKind::number, "good for so many requests; 0: any number", "num_uses"},
           {"metadata", FlagKind::pairs, "a note for the audit log; may be repeated", "meta"},
           {"display-name", FlagKind::text, "a name for it", "display_name"},
           {"orphan", FlagKind::boolean, "has no parent, so doesn't end with one", "no_parent"},
           {"no-default-policy", FlagKind::boolean, "leave the default policy out",
            "no_default_policy"},
           {"renewable", FlagKind::boolean, "may be renewed; the default", "renewable"},
           {"type", FlagKind::text, "service or batch", "type"},
           {"role", FlagKind::text, "made as this token role says"},
           kFieldFlag},
      .least = 0,
      .most = 0,
      .run = &token_create};
}

Command about_token(std::string_view words, std::string_view synopsis, std::string_view summary,
                    std::string_view help, std::vector<Flag> flags, int (*run)(Session&)) {
  return {.words = words,
          .synopsis = synopsis,
          .summary = summary,
          .help = help,
          .flags = std::move(flags),
          .least = 0,
          .most = 1,
          .run = run};
}

}  // namespace

std::vector<Command> token_commands() {
  Command capabilities = about_token(
      "token capabilities", "[flags] [TOKEN | ACCESSOR] PATH", "Say what a token may do at a path",
      "Prints the capabilities that a token, or the one that is sent, has at PATH.\n"
      "TOKEN may be - (standard input) or ? (asked for).\n\n"
      "    $ coffer token capabilities secret/data/app/db",
      {kAccessor}, &token_capabilities);
  capabilities.least = 1;
  capabilities.most = 2;
  return {
      create_command(),
      about_token("token lookup", "[flags] [TOKEN | ACCESSOR]", "Show what a token is",
                  "Shows the token that is sent, or another one. TOKEN may be - (standard input)\n"
                  "or ? (asked for without echo).\n\n"
                  "    $ coffer token lookup\n"
                  "    $ coffer token lookup -accessor ACCESSOR",
                  {kAccessor, kFieldFlag}, &token_lookup),
      about_token(
          "token renew", "[flags] [TOKEN | ACCESSOR]", "Make a token last longer",
          "Renews the token that is sent, or another one, given as with token lookup.\n\n"
          "    $ coffer token renew -increment=1h",
          {kAccessor,
           {"increment", FlagKind::duration, "how long it shall last from now", "increment"},
           kFieldFlag},
          &token_renew),
      about_token("token revoke", "[flags] [TOKEN | ACCESSOR | PATH]", "End a token",
                  "Ends a token, given as with token lookup, and its children. With -mode=orphan\n"
                  "the children stay; with -mode=path all tokens that came from a path end.\n\n"
                  "    $ coffer token revoke -self\n"
                  "    $ coffer token revoke -accessor ACCESSOR",
                  {kAccessor,
                   {"self", FlagKind::boolean, "the token that is sent"},
                   {"mode", FlagKind::text, "orphan or path"}},
                  &token_revoke),
      std::move(capabilities),
  };
}

}  // namespace coffer::cli
