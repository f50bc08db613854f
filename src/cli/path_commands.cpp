// read, write, list, delete: any path of the API.
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
  const auto answer = session.ask("reading " + path, {.path = path, .query = query_of(*data)});
  if (!answer) return session.exit_code();
  if (answer->missing()) return session.nothing_found(path);
  return print_secret(session, *answer);
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
  const auto answer =
      session.ask("writing data to " + path,
                  {.method = "PUT", .path = path, .body = nothing ? "null" : data->compact()});
  if (!answer) return session.exit_code();
  if (answer->missing()) return session.nothing_found(path);
  return print_written(session, *answer, "Success! Data written to: " + path);
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

constexpr Flag kField{"field", FlagKind::text, "print the value of this field only"};

}  // namespace

std::vector<Command> path_commands() {
  return {
      {.words = "read",
       .synopsis = "[flags] PATH [K=V ...]",
       .summary = "Read from any path",
       .help = "Reads what is at PATH: a secret of an engine, a configuration, a new lease. K=V\n"
               "pairs are sent as query parameters.\n\n"
               "    $ coffer read secret/data/app/db\n"
               "    $ coffer read -field=ciphertext transit/keys/app",
       .flags = {kField},
       .least = 1,
       .most = kAnyNumber,
       .run = &read_path,
       .common = true,
       .raw = true},
      {.words = "write",
       .synopsis = "[flags] PATH [DATA K=V ...]",
       .summary = "Write data to any path",
       .help = "Writes data to PATH. A value is given as it is, as @file (the file's content), as\n"
               "- (standard input) or as ? (asked for, without echo). A whole argument @file.json\n"
               "or - is a JSON object. A key given twice becomes a list.\n\n"
               "    $ coffer write transit/encrypt/app plaintext=@message.b64\n"
               "    $ coffer write -f transit/keys/app",
       .flags = {kField,
                 {"force", FlagKind::boolean, "send no data"},
                 {"f", FlagKind::boolean, "the same"}},
       .least = 1,
       .most = kAnyNumber,
       .run = &write_path,
       .common = true},
      {.words = "list",
       .synopsis = "[flags] PATH",
       .summary = "List what is below a path",
       .help = "Lists the names below PATH. Names that end with a slash have more below them.\n\n"
               "    $ coffer list secret/metadata/app",
       .flags = {},
       .least = 1,
       .most = 1,
       .run = &list_path,
       .common = true},
      {.words = "delete",
       .synopsis = "[flags] PATH [K=V ...]",
       .summary = "Delete what is at a path",
       .help = "Deletes what is at PATH. What that means is up to the engine: for secrets with\n"
               "versions see: coffer kv delete -help.\n\n"
               "    $ coffer delete secret/data/app/db",
       .flags = {},
       .least = 1,
       .most = kAnyNumber,
       .run = &delete_path,
       .common = true},
  };
}

}  // namespace coffer::cli
