// kv get, put, list, scan.
#include "command_data.h"
#include "commands.h"
#include "kv_path.h"
#include "kv_print.h"
#include "output.h"
#include "render.h"

namespace coffer::cli {
namespace {

using model::Json;

/// A version as a table: path, metadata, and the data if they are still there.
void print_version(Console& console, const std::string& path, const Json& version) {
  print_path(console, "Secret Path", path);
  const Json* metadata = version.find_path({"metadata"});
  const Json* data = version.find_path({"data"});
  if (metadata != nullptr) {
    print_block(console, "Metadata", metadata_rows(*metadata));
    if (data != nullptr) console.line("");
  }
  if (data != nullptr) print_block(console, "Data", object_rows(*data));
}

int print_read_version(Session& session, const Answer& answer, const std::string& path) {
  const Json* version = answer.json.find_path({"data"});
  if (version == nullptr) return session.nothing_found(path);
  const Json* data = version->find_path({"data"});
  const Settings& settings = session.settings();
  if (!settings.field.empty()) {
    if (data == nullptr) return session.fail(kRemote, "No data found at " + path);
    return print_field(session, data, nullptr);
  }
  if (settings.format == Format::table) {
    print_version(session.console(), path, *version);
  } else {
    print_tree(session, answer.json);
  }
  // Deleted or destroyed: 404, with the metadata that says so.
  return answer.missing() ? kRemote : kOk;
}

int kv_get(Session& session) {
  const auto path = find_kv_path(session, 0);
  if (!path) return session.exit_code();
  const std::string api = path->api("data");
  HttpRequest request{.path = api};
  if (const auto version = session.flags().number("version"); version && path->versioned) {
    request.query.emplace_back("version", std::to_string(*version));
  }
  const auto answer = session.ask("reading " + api, request);
  if (!answer) return session.exit_code();
  const bool wrapped = answer->json.find_path({"wrap_info"}) != nullptr;
  if (path->versioned && !wrapped) return print_read_version(session, *answer, api);
  if (answer->missing()) return session.nothing_found(api);
  if (wrapped || !session.shows_table()) return print_secret(session, *answer);
  if (const Json* data = answer->json.find_path({"data"})) {
    print_block(session.console(), "Data", object_rows(*data));
  }
  return kOk;
}

/// The body of a put: KV version 2 has the data in a member, beside the condition.
std::string put_body(Session& session, const KvPath& path, Json data) {
  if (!path.versioned) return data.compact();
  Json options = Json::object();
  if (const auto cas = session.flags().number("cas"); cas && *cas >= 0) {
    options.set("cas", Json::number(*cas));
  }
  Json body = Json::object();
  body.set("data", std::move(data));
  body.set("options", std::move(options));
  return body.compact();
}

int kv_put(Session& session) {
  if (session.positional().size() < 2) return session.fail(kLocal, "Must supply data");
  // A condition that is silently left out would overwrite what it was to protect.
  const auto cas = session.flags().number("cas");
  if (cas && *cas < -1) return session.fail(kLocal, "-cas must be 0 or a version");
  auto data = read_command_data(session, 1);
  if (!data) return kLocal;
  const auto path = find_kv_path(session, 0);
  if (!path) return session.exit_code();
  if (cas && *cas >= 0 && !path->versioned) {
    return session.fail(kLocal, "-cas needs an engine with versions, and this one has none");
  }
  const std::string api = path->api("data");
  const auto answer = session.ask(
      "writing data to " + api,
      {.method = "PUT", .path = api, .body = put_body(session, *path, *std::move(data))});
  if (!answer) return session.exit_code();
  return print_new_version(session, *answer, *path);
}

int list_below(Session& session, const std::string& query) {
  const auto path = find_kv_path(session, 0);
  if (!path) return session.exit_code();
  const std::string api = path->api("metadata");
  const auto answer = session.ask("listing " + api, {.path = api, .query = {{query, "true"}}});
  if (!answer) return session.exit_code();
  return print_keys(session, *answer, api);
}

int kv_list(Session& session) { return list_below(session, "list"); }
int kv_scan(Session& session) { return list_below(session, "scan"); }

Command get_command() {
  return {.words = "kv get",
          .synopsis = "[flags] PATH",
          .summary = "Read a secret",
          .help =
              "Reads the secret at PATH: its newest version, or the one that -version names.\n\n"
              "    $ coffer kv get secret/app/db\n"
              "    $ coffer kv get -mount=secret -field=password app/db\n\n"
              "A deleted or destroyed version shows its metadata, and the exit code is 2.",
          .flags = {kMountFlag,
                    kFieldFlag,
                    {"version", FlagKind::number, "which version; 0: the newest"}},
          .least = 1,
          .most = 1,
          .run = &kv_get,
          .argument = Argument::secret};
}

Command put_command() {
  return {.words = "kv put",
          .synopsis = "[flags] PATH K=V ...",
          .summary = "Write a secret",
          .help =
              "Writes a new version of the secret at PATH, with these fields and no others. A\n"
              "value is given as it is, as @file (the file's content), as - (standard input)\n"
              "or as ? (asked for, without echo). A whole argument @file.json or - is a JSON\n"
              "object. Start a value with \\@ for one that starts with @.\n\n"
              "    $ coffer kv put secret/app/db user=app password=?\n"
              "    $ coffer kv put -cas=0 -mount=secret app/key key=@private.pem",
          .flags = {kMountFlag,
                    kFieldFlag,
                    {"cas", FlagKind::number,
                     "write only if this is the newest version; 0: only if there is none"}},
          .least = 1,
          .most = kAnyNumber,
          .run = &kv_put,
          .argument = Argument::secret};
}

Command list_command() {
  return {.words = "kv list",
          .synopsis = "[flags] PATH",
          .summary = "List secrets",
          .help =
              "Lists the names below PATH. Names that end with a slash have more below them.\n\n"
              "    $ coffer kv list secret/app",
          .flags = {kMountFlag},
          .least = 1,
          .most = 1,
          .run = &kv_list,
          .argument = Argument::secret};
}

Command scan_command() {
  return {.words = "kv scan",
          .synopsis = "[flags] PATH",
          .summary = "List secrets at every depth",
          .help =
              "Lists all that is below PATH and that you may see, at any depth.\n\n"
              "    $ coffer kv scan secret/app",
          .flags = {kMountFlag},
          .least = 1,
          .most = 1,
          .run = &kv_scan,
          .argument = Argument::secret};
}

}  // namespace

std::vector<Command> kv_commands() {
  return {get_command(), put_command(), list_command(), scan_command()};
}

}  // namespace coffer::cli
