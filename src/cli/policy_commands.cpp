// policy list, read, write, delete, fmt.
#include <sys/stat.h>

#include "coffer/model/json_writer.h"
#include "coffer/policy/format.h"
#include "commands.h"
#include "output.h"
#include "replace_file.h"
#include "terminal.h"

namespace coffer::cli {
namespace {

using model::Json;

/// In lower case, as Vault's command line sends it: the server takes no other spelling in a path.
std::string policy_path(std::string name) {
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return "sys/policies/acl/" + name;
}

/// As Vault's: names alone, one a line, for scripts.
int policy_list(Session& session) {
  const auto answer =
      session.ask("listing policies", {.path = "sys/policies/acl", .query = {{"list", "true"}}});
  if (!answer) return session.exit_code();
  const Json* keys = answer->json.find_path({"data", "keys"});
  if (!session.shows_table() || keys == nullptr) {
    return print_keys(session, *answer, "sys/policies/acl");
  }
  for (const Json& key : keys->elements()) session.console().line(key.text());
  return kOk;
}

int policy_read(Session& session) {
  const std::string name = session.path_argument(0);
  const auto answer = session.ask("reading the policy " + name, {.path = policy_path(name)});
  if (!answer) return session.exit_code();
  const Json* text = answer->json.find_path({"data", "policy"});
  if (answer->missing() || text == nullptr) {
    return session.fail(kRemote, "No policy named: " + name);
  }
  if (!session.shows_table()) return print_secret(session, *answer);
  session.console().document(text->text());
  return kOk;
}

int policy_write(Session& session) {
  const std::string name = session.path_argument(0);
  const std::string& file = session.positional()[1];
  auto text = file == "-" ? session.console().read_all() : read_file(file);
  if (!text.ok()) return session.fail(kLocal, "Error: " + text.error().text);
  if (!model::is_utf8(*text)) return session.fail(kLocal, "Error: the policy is not UTF-8 text");
  Json body = Json::object();
  body.set("policy", Json::string(*std::move(text)));
  return carry_out(session, "uploading the policy " + name,
                   {.method = "PUT", .path = policy_path(name), .body = body.compact()},
                   "Success! Uploaded policy: " + name);
}

/// Needs no server. What can't be formatted stays as it is.
int policy_fmt(Session& session) {
  const std::string& file = session.positional()[0];
  const bool pipe = file == "-";
  const auto text = pipe ? session.console().read_all() : read_file(file);
  if (!text.ok()) return session.fail(kLocal, "Error: " + text.error().text);
  const auto done = policy::format(*text);
  if (!done.ok()) return session.fail(kLocal, "Error formatting the policy: " + done.error().text);
  if (pipe) {
    session.console().document(*done);
    return kOk;
  }
  if (*done != *text) {
    struct stat there {};
    const mode_t mode = ::stat(file.c_str(), &there) == 0 ? there.st_mode & 0777U : 0600U;
    const auto written = replace_file(file, *done, mode);
    if (!written.ok()) return session.fail(kLocal, "Error: " + written.error().text);
  }
  session.console().line("Success! Formatted policy: " + file);
  return kOk;
}

int policy_delete(Session& session) {
  const std::string name = session.path_argument(0);
  return carry_out(session, "deleting the policy " + name,
                   {.method = "DELETE", .path = policy_path(name)},
                   "Success! Deleted policy: " + name);
}

}  // namespace

std::vector<Command> policy_commands() {
  return {
      {.words = "policy list",
       .synopsis = "[flags]",
       .summary = "List the policies",
       .help = "Lists the names of the policies, one a line.\n\n"
               "    $ coffer policy list",
       .flags = {},
       .least = 0,
       .most = 0,
       .run = &policy_list},
      {.words = "policy read",
       .synopsis = "[flags] NAME",
       .summary = "Print a policy",
       .help = "Prints the text of a policy as it was written.\n\n"
               "    $ coffer policy read app",
       .flags = {kFieldFlag},
       .least = 1,
       .most = 1,
       .run = &policy_read,
       .argument = Argument::policy},
      {.words = "policy write",
       .synopsis = "[flags] NAME FILE",
       .summary = "Write a policy",
       .help = "Writes the policy NAME from a file, or from standard input when FILE is -.\n\n"
               "    $ coffer policy write app app.hcl",
       .flags = {},
       .least = 2,
       .most = 2,
       .run = &policy_write,
       .argument = Argument::policy},
      {.words = "policy fmt",
       .synopsis = "[flags] FILE",
       .summary = "Lay a policy file out the usual way",
       .help =
           "Formats the policy in FILE where it stands: indentation, spaces, empty lines. What it\n"
           "means, its comments and its lines stay. With - it goes from standard input to\n"
           "standard output. No server is needed.\n\n"
           "    $ coffer policy fmt app.hcl",
       .flags = {},
       .least = 1,
       .most = 1,
       .run = &policy_fmt},
      {.words = "policy delete",
       .synopsis = "[flags] NAME",
       .summary = "Delete a policy",
       .help = "Deletes the policy NAME. Tokens that name it lose what it allowed.\n\n"
               "    $ coffer policy delete app",
       .flags = {},
       .least = 1,
       .most = 1,
       .run = &policy_delete,
       .argument = Argument::policy}};
}

}  // namespace coffer::cli
