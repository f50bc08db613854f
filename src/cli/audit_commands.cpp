// audit list, audit hash.
#include "command_data.h"
#include "commands.h"
#include "mount_table.h"
#include "output.h"

namespace coffer::cli {
namespace {

using model::Json;

int audit_list(Session& session) {
  const auto answer = session.ask("listing audit devices", {.path = "sys/audit"});
  if (!answer) return session.exit_code();
  std::vector<MountColumn> columns{{"Type", "type"}, {"Description", "description"}};
  if (session.settings().detailed) columns.push_back({"Options", "options"});
  return print_mounts(session, *answer, columns, "No audit devices are enabled.");
}

int audit_hash(Session& session) {
  const std::string path = session.path_argument(0);
  // Without an argument it is asked for: a value that is looked for in the log is a secret.
  auto input = session.positional().size() > 1 ? read_secret_argument(session, 1, "input")
                                               : ask_for(session, "input");
  if (!input) return kLocal;
  Json body = Json::object();
  body.set("input", Json::string(*std::move(input)));
  const auto answer =
      session.ask("hashing for " + path,
                  {.method = "PUT", .path = "sys/audit-hash/" + path, .body = body.compact()});
  if (!answer) return session.exit_code();
  const Json* hash = answer->json.find_path({"data", "hash"});
  if (answer->missing() || hash == nullptr) return session.nothing_found("sys/audit-hash/" + path);
  if (!session.shows_table()) return print_secret(session, *answer);
  session.console().line(hash->text());
  return kOk;
}

}  // namespace

std::vector<Command> audit_commands() {
  return {
      {.words = "audit list",
       .synopsis = "[flags]",
       .summary = "List where the audit log goes",
       .help = "Lists the audit devices.\n\n"
               "    $ coffer audit list",
       .flags = {},
       .least = 0,
       .most = 0,
       .run = &audit_list},
      {.words = "audit hash",
       .synopsis = "[flags] DEVICE [INPUT]",
       .summary = "Say how a value looks in the audit log",
       .help = "Prints the hash by which the audit log of DEVICE shows a value. The value is\n"
               "asked for without echo; INPUT - reads standard input, @FILE a file, to the last\n"
               "byte.\n\n"
               "    $ printf %s \"$value\" | coffer audit hash file -",
       .flags = {kFieldFlag},
       .least = 1,
       .most = 2,
       .run = &audit_hash}};
}

}  // namespace coffer::cli
