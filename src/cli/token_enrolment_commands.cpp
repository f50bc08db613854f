// operator token enroll, list, retire: the tokens that the vault is wrapped to.
#include "commands.h"
#include "output.h"
#include "render.h"
#include "terminal.h"

namespace coffer::cli {
namespace {

using model::Json;

std::string text_of(const Json& data, std::string_view name) {
  const Json* found = data.find(name);
  return found == nullptr ? std::string() : cell(*found);
}

int enrol(Session& session) {
  const std::string& path = session.positional()[0];
  const auto text = read_file(path);
  if (!text.ok()) return session.fail(kLocal, "Error reading " + path + ": " + text.error().text);
  const auto body = Json::parse(*text);
  if (!body.ok() || body->kind() != Json::Kind::object) {
    return session.fail(kLocal, "Error: " + path + " isn't an enrolment\n" +
                                    "coffer-ceremony enrol makes one at the new token");
  }
  const auto answer =
      session.ask("enrolling the token",
                  {.method = "POST", .path = "sys/token-enrolments", .body = body->compact()});
  if (!answer) return session.exit_code();
  return print_written(session, *answer, "Success! Enrolled the token.");
}

int list(Session& session) {
  const auto answer =
      session.ask("listing tokens", {.method = "LIST", .path = "sys/token-enrolments"});
  if (!answer) return session.exit_code();
  const Json* info = answer->json.find_path({"data", "key_info"});
  if (answer->missing() || info == nullptr) return session.nothing_found("sys/token-enrolments");
  if (!session.shows_table()) return print_secret(session, *answer);
  std::vector<std::vector<std::string>> lines;
  for (const Json::Member& token : info->members()) {
    const Json& one = token.value;
    lines.push_back({token.name, text_of(one, "serial"), text_of(one, "label"),
                     text_of(one, "algorithm"), text_of(one, "in_use"), text_of(one, "records"),
                     text_of(one, "alone")});
  }
  session.console().line(render_columns(
      {"Id", "Serial", "Label", "Algorithm", "In Use", "Records", "It Alone"}, lines));
  return kOk;
}

int retire(Session& session) {
  const std::string id = session.path_argument(0);
  return carry_out(session, "retiring the token",
                   {.method = "DELETE", .path = "sys/token-enrolments/" + id},
                   "Success! Retired the token: " + id +
                       "\nIf it was lost: coffer operator rotate-key -key=sign");
}

}  // namespace

std::vector<Command> token_enrolment_commands() {
  return {
      {.words = "operator token enroll",
       .synopsis = "[flags] FILE",
       .summary = "Wrap the vault to a further token",
       .help = "FILE is what `coffer-ceremony enrol` wrote at the new token. New secrets are\n"
               "wrapped to it at once, old ones in the background (operator rotate-key -watch).\n\n"
               "    $ coffer operator token enroll second.json",
       .flags = {kFieldFlag},
       .least = 1,
       .most = 1,
       .run = &enrol,
       .argument = Argument::file},
      {.words = "operator token list",
       .synopsis = "[flags]",
       .summary = "List the tokens that the vault is wrapped to",
       .help = "With the number of records that each opens, and of those that it alone opens.\n\n"
               "    $ coffer operator token list",
       .flags = {},
       .least = 0,
       .most = 0,
       .run = &list},
      {.words = "operator token retire",
       .synopsis = "[flags] ID",
       .summary = "Give a token up",
       .help = "Nothing is wrapped to it any more, and what was is rewrapped without it. Refused\n"
               "for the token in use, and while anything depends on it alone.\n\n"
               "    $ coffer operator token retire 3fa8c1d2-9b1e-4a57-8c3d-2f1e0d9c8b7a",
       .flags = {},
       .least = 1,
       .most = 1,
       .run = &retire}};
}

}  // namespace coffer::cli
