// kv get, put, list, delete.
#include "command_data.h"
#include "commands.h"
#include "kv_path.h"
#include "output.h"
#include "render.h"

namespace coffer::cli {
namespace {

using model::Json;

void print_block(Console& console, std::string_view title, const std::vector<Row>& rows) {
  console.line(render_heading(title, heading_width(rows)));
  console.line(render_table(rows));
}

void print_secret_path(Console& console, const std::string& path) {
  console.line(render_heading("Secret Path", path.size()));
  console.line(path);
  console.line("");
}

/// A version as a table: path, metadata, and the data if they are still there.
void print_version(Console& console, const std::string& path, const Json& version) {
  print_secret_path(console, path);
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
  const Json* metadata = answer->json.find_path({"data"});
  const bool wrapped = answer->json.find_path({"wrap_info"}) != nullptr;
  if (!session.shows_table() || !path->versioned || metadata == nullptr || wrapped) {
    return print_written(session, *answer, "Success! Data written to: " + api);
  }
  print_secret_path(session.console(), api);
  print_block(session.console(), "Metadata", metadata_rows(*metadata));
  return kOk;
}

int kv_list(Session& session) {
  const auto path = find_kv_path(session, 0);
  if (!path) return session.exit_code();
  const std::string api = path->api("metadata");
  const auto answer = session.ask("listing " + api, {.path = api, .query = {{"list", "true"}}});
  if (!answer) return session.exit_code();
  return print_keys(session, *answer, api);
}

/// "1,2" as ["1","2"]; nullopt when something else than numbers stands there.
std::optional<Json> version_list(std::string_view text) {
  Json versions = Json::array();
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view number = text.substr(0, end);
    const bool digits = number.find_first_not_of("0123456789") == std::string_view::npos;
    if (number.empty() || number.size() > 18 || !digits) return std::nullopt;
    versions.push(Json::string(std::string(number)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return versions;
}

int kv_delete(Session& session) {
  HttpRequest request{.method = "DELETE"};
  std::string_view part = "data";
  if (session.flags().has("versions")) {
    auto versions = version_list(session.flags().text("versions"));
    if (!versions) return session.fail(kLocal, "-versions must be numbers, as 1,2");
    Json body = Json::object();
    body.set("versions", *std::move(versions));
    request = {.method = "PUT", .body = body.compact()};
    part = "delete";
  }
  const auto path = find_kv_path(session, 0);
  if (!path) return session.exit_code();
  if (part == "delete" && !path->versioned) {
    // Sent as it is, it would write a secret with a member "versions" over this one.
    return session.fail(kLocal, "-versions needs an engine with versions, and this one has none");
  }
  request.path = path->api(part);
  const auto answer = session.ask("deleting " + request.path, request);
  if (!answer) return session.exit_code();
  return print_written(session, *answer,
                       "Success! Data deleted (if it existed) at: " + path->api("data"));
}

constexpr Flag kMount{"mount", FlagKind::text, "the engine's path; PATH is then below it"};
constexpr Flag kField{"field", FlagKind::text, "print the value of this field only"};

Command get_command() {
  return {.words = "kv get",
          .synopsis = "[flags] PATH",
          .summary = "Read a secret",
          .help =
              "Reads the secret at PATH: its newest version, or the one that -version names.\n\n"
              "    $ coffer kv get secret/app/db\n"
              "    $ coffer kv get -mount=secret -field=password app/db\n\n"
              "A deleted or destroyed version shows its metadata, and the exit code is 2.",
          .flags = {kMount, kField, {"version", FlagKind::number, "which version; 0: the newest"}},
          .least = 1,
          .most = 1,
          .run = &kv_get};
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
          .flags = {kMount,
                    kField,
                    {"cas", FlagKind::number,
                     "write only if this is the newest version; 0: only if there is none"}},
          .least = 1,
          .most = kAnyNumber,
          .run = &kv_put};
}

Command list_command() {
  return {.words = "kv list",
          .synopsis = "[flags] PATH",
          .summary = "List secrets",
          .help =
              "Lists the names below PATH. Names that end with a slash have more below them.\n\n"
              "    $ coffer kv list secret/app",
          .flags = {kMount},
          .least = 1,
          .most = 1,
          .run = &kv_list};
}

Command delete_command() {
  return {.words = "kv delete",
          .synopsis = "[flags] PATH",
          .summary = "Delete versions of a secret",
          .help =
              "Marks the newest version of the secret at PATH as deleted, or those that\n"
              "-versions names. Deleted versions can't be read.\n\n"
              "    $ coffer kv delete secret/app/db",
          .flags = {kMount, {"versions", FlagKind::text, "which versions, as 1,2"}},
          .least = 1,
          .most = 1,
          .run = &kv_delete};
}

}  // namespace

std::vector<Command> kv_commands() {
  return {get_command(), put_command(), list_command(), delete_command()};
}

}  // namespace coffer::cli
