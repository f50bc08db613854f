// read, write, patch, list, delete, path-help: any path of the API.
#include "command_data.h"
#include "commands.h"
#include "output.h"

namespace coffer::cli {
namespace {

using model::Json;

std::vector<std::pair<std::string, std::string>> query_of(const Json& data) {
  std::vector<std::pair<std::string, std::string>> query;
  for (const Json::Member& member : data.members()) {
    if (!member.value.is_array()) {
      query.emplace_back(member.name, member.value.text());
      continue;
    }
    for (const Json& element : member.value.elements()) {
      query.emplace_back(member.name, element.text());
    }
  }
  return query;
}

int read_path(Session& session) {
  const std::string path = session.path_argument(0);
  const auto data = read_command_data(session, 1);
  if (!data) return kLocal;
  return look_up(session, "reading " + path, {.path = path, .query = query_of(*data)});
}

int write_path(Session& session) {
  const std::string path = session.path_argument(0);
  const bool force = session.flags().boolean("force") || session.flags().boolean("f");
  if (session.positional().size() < 2 && !force) {
    return session.fail(kLocal, "Must supply data or use -force");
  }
  const auto data = read_command_data(session, 1);
  if (!data) return kLocal;
  const bool nothing = data->members().empty();
  return carry_out(session, "writing data to " + path,
                   {.method = "PUT", .path = path, .body = nothing ? "null" : data->compact()},
                   "Success! Data written to: " + path);
}

int patch_path(Session& session) {
  const std::string path = session.path_argument(0);
  const bool force = session.flags().boolean("force") || session.flags().boolean("f");
  if (session.positional().size() < 2 && !force) {
    return session.fail(kLocal, "Must supply data or use -force");
  }
  const auto data = read_command_data(session, 1);
  if (!data) return kLocal;
  return carry_out(session, "patching " + path,
                   {.method = "PATCH", .path = path, .body = data->compact()},
                   "Success! Data written to: " + path);
}

int path_help(Session& session) {
  const std::string path = session.path_argument(0);
  const auto answer =
      session.ask("reading the help of " + path, {.path = path, .query = {{"help", "1"}}});
  if (!answer) return session.exit_code();
  const Json* help = answer->json.find("help");
  if (answer->missing() || help == nullptr) {
    return session.fail(kRemote, "There is no help for " + path);
  }
  if (!session.shows_table()) return print_tree(session, answer->json);
  session.console().line(help->text());
  return kOk;
}

int list_path(Session& session) {
  const std::string path = session.path_argument(0);
  const auto answer = session.ask("listing " + path, {.path = path, .query = {{"list", "true"}}});
  if (!answer) return session.exit_code();
  return print_keys(session, *answer, path);
}

int delete_path(Session& session) {
  const std::string path = session.path_argument(0);
  const auto data = read_command_data(session, 1);
  if (!data) return kLocal;
  const auto answer =
      session.ask("deleting " + path, {.method = "DELETE", .path = path, .query = query_of(*data)});
  if (!answer) return session.exit_code();
  return print_written(session, *answer, "Success! Data deleted (if it existed) at: " + path);
}

constexpr Flag kForce{"force", FlagKind::boolean, "send no data"};
constexpr Flag kShortForce{"f", FlagKind::boolean, "the same"};

Command read_command() {
  return {.words = "read",
          .synopsis = "[flags] PATH [K=V ...]",
          .summary = "Read from any path",
          .help =
              "Reads what is at PATH: a secret of an engine, a configuration, a new lease. K=V\n"
              "pairs are sent as query parameters.\n\n"
              "    $ coffer read secret/data/app/db\n"
              "    $ coffer read -field=ciphertext transit/keys/app",
          .flags = {kFieldFlag},
          .least = 1,
          .most = kAnyNumber,
          .run = &read_path,
          .argument = Argument::path,
          .common = true,
          .raw = true};
}

Command write_command() {
  return {.words = "write",
          .synopsis = "[flags] PATH [DATA K=V ...]",
          .summary = "Write data to any path",
          .help =
              "Writes data to PATH. A value is given as it is, as @file (the file's content), as\n"
              "- (standard input) or as ? (asked for, without echo). A whole argument @file.json\n"
              "or - is a JSON object. A key given twice becomes a list.\n\n"
              "    $ coffer write transit/encrypt/app plaintext=@message.b64\n"
              "    $ coffer write -f transit/keys/app",
          .flags = {kFieldFlag, kForce, kShortForce},
          .least = 1,
          .most = kAnyNumber,
          .run = &write_path,
          .argument = Argument::path,
          .common = true};
}

Command patch_command() {
  return {.words = "patch",
          .synopsis = "[flags] PATH [DATA K=V ...]",
          .summary = "Change some of the data at any path",
          .help =
              "Sends data to PATH as a JSON merge patch (RFC 7396): members that aren't named\n"
              "stay as they are, and null, from a JSON object, takes one away. Data are given as\n"
              "with write. For secrets see: coffer kv patch -help.\n\n"
              "    $ coffer patch secret/metadata/app/db max_versions=5",
          .flags = {kFieldFlag, kForce, kShortForce},
          .least = 1,
          .most = kAnyNumber,
          .run = &patch_path,
          .argument = Argument::path};
}

Command list_command() {
  return {.words = "list",
          .synopsis = "[flags] PATH",
          .summary = "List what is below a path",
          .help =
              "Lists the names below PATH. Names that end with a slash have more below them. With\n"
              "-detailed also what the list says of each, where it does: sys/backup, ssh/roles.\n\n"
              "    $ coffer list secret/metadata/app",
          .flags = {},
          .least = 1,
          .most = 1,
          .run = &list_path,
          .argument = Argument::path,
          .common = true};
}

Command delete_command() {
  return {.words = "delete",
          .synopsis = "[flags] PATH [K=V ...]",
          .summary = "Delete what is at a path",
          .help =
              "Deletes what is at PATH. What that means is up to the engine: for secrets with\n"
              "versions see: coffer kv delete -help.\n\n"
              "    $ coffer delete secret/data/app/db",
          .flags = {},
          .least = 1,
          .most = kAnyNumber,
          .run = &delete_path,
          .argument = Argument::path,
          .common = true};
}

Command path_help_command() {
  return {.words = "path-help",
          .synopsis = "[flags] PATH",
          .summary = "Say what a path is for",
          .help =
              "Prints what the daemon says about PATH: what it does, and which fields it takes.\n\n"
              "    $ coffer path-help sys/mounts",
          .flags = {},
          .least = 1,
          .most = 1,
          .run = &path_help,
          .argument = Argument::path};
}

}  // namespace

std::vector<Command> path_commands() {
  return {read_command(), write_command(),  patch_command(),
          list_command(), delete_command(), path_help_command()};
}

}  // namespace coffer::cli
