// kv delete, undelete, destroy, rollback: what happens to versions that exist.
#include "commands.h"
#include "kv_path.h"
#include "kv_print.h"
#include "output.h"
#include "version_numbers.h"

namespace coffer::cli {
namespace {

using model::Json;

std::optional<Json> version_list(Session& session) {
  auto versions = version_numbers(session.flags().text("versions"));
  if (!versions) {
    session.fail(kLocal, "-versions must be numbers, as 1,2");
    return std::nullopt;
  }
  Json body = Json::object();
  body.set("versions", *std::move(versions));
  return body;
}

int write_versions(Session& session, std::string_view part, std::string_view doing,
                   std::string_view success) {
  const auto body = version_list(session);
  if (!body) return kLocal;
  const auto path = find_versioned_path(session, 0);
  if (!path) return session.exit_code();
  const std::string api = path->api(part);
  return carry_out(session, std::string(doing) + api,
                   {.method = "PUT", .path = api, .body = body->compact()},
                   std::string(success) + (part == "delete" ? path->api("data") : api));
}

constexpr std::string_view kDeleted = "Success! Data deleted (if it existed) at: ";

int kv_delete(Session& session) {
  if (session.flags().has("versions")) {
    return write_versions(session, "delete", "deleting ", kDeleted);
  }
  const auto path = find_kv_path(session, 0);
  if (!path) return session.exit_code();
  const std::string api = path->api("data");
  return carry_out(session, "deleting " + api, {.method = "DELETE", .path = api},
                   std::string(kDeleted) + api);
}

int kv_undelete(Session& session) {
  return write_versions(session, "undelete", "undeleting ", "Success! Data written to: ");
}

int kv_destroy(Session& session) {
  return write_versions(session, "destroy", "destroying ", "Success! Data written to: ");
}

/// The version that is the newest now, also when it was deleted: its number is the condition of the
/// write, so that nobody's newer one is lost.
std::optional<std::string> current_version(Session& session, const std::string& api) {
  const auto current = session.ask_first("reading " + api, {.path = api});
  if (!current) return std::nullopt;
  const Json* version = current->json.find_path({"data", "metadata", "version"});
  if (version != nullptr) return version->text();
  session.nothing_found(api);
  return std::nullopt;
}

std::optional<Json> read_version(Session& session, const std::string& api, std::int64_t number) {
  const std::string version = std::to_string(number);
  const auto answer =
      session.ask_first("reading " + api, {.path = api, .query = {{"version", version}}});
  if (!answer) return std::nullopt;
  const Json* data = answer->json.find_path({"data", "data"});
  if (data != nullptr) return *data;
  session.fail(kRemote, "No data found at " + api + " in version " + version);
  return std::nullopt;
}

int kv_rollback(Session& session) {
  const auto number = session.flags().number("version");
  if (!number || *number < 1) return session.fail(kLocal, "-version must name a version");
  const auto path = find_versioned_path(session, 0);
  if (!path) return session.exit_code();
  const std::string api = path->api("data");
  const auto current = current_version(session, api);
  if (!current) return session.exit_code();
  auto data = read_version(session, api, *number);
  if (!data) return session.exit_code();
  session.hide_data();  // it holds what was read
  const std::string body =
      "{\"data\":" + data->compact() + ",\"options\":{\"cas\":" + *current + "}}";
  const auto answer =
      session.ask("writing data to " + api, {.method = "PUT", .path = api, .body = body});
  if (!answer) return session.exit_code();
  return print_new_version(session, *answer, *path);
}

constexpr Flag kVersions{"versions", FlagKind::text, "which versions, as 1,2"};

Command about_versions(std::string_view words, std::string_view summary, std::string_view help,
                       int (*run)(Session&)) {
  return {.words = words,
          .synopsis = "[flags] PATH",
          .summary = summary,
          .help = help,
          .flags = {kMountFlag, kVersions},
          .least = 1,
          .most = 1,
          .run = run,
          .argument = Argument::secret};
}

}  // namespace

std::vector<Command> kv_version_commands() {
  return {
      about_versions(
          "kv delete", "Delete versions of a secret",
          "Marks the newest version of the secret at PATH as deleted, or those that\n"
          "-versions names. Deleted versions can't be read; undelete brings them back.\n\n"
          "    $ coffer kv delete secret/app/db",
          &kv_delete),
      about_versions(
          "kv undelete", "Bring deleted versions back",
          "Makes the versions of the secret at PATH that -versions names readable again,\n"
          "if they weren't destroyed.\n\n"
          "    $ coffer kv undelete -versions=3 secret/app/db",
          &kv_undelete),
      about_versions("kv destroy", "Destroy versions of a secret for good",
                     "Removes the data of the versions that -versions names. Nothing brings them\n"
                     "back.\n\n"
                     "    $ coffer kv destroy -versions=1,2 secret/app/db",
                     &kv_destroy),
      {.words = "kv rollback",
       .synopsis = "[flags] PATH",
       .summary = "Make an old version the newest",
       .help = "Writes the data of the version that -version names as a new version of the secret\n"
               "at PATH, unless somebody else writes one in between.\n\n"
               "    $ coffer kv rollback -version=2 secret/app/db",
       .flags = {kMountFlag,
                 kFieldFlag,
                 {"version", FlagKind::number, "which version to bring back"}},
       .least = 1,
       .most = 1,
       .run = &kv_rollback,
       .argument = Argument::secret},
  };
}

}  // namespace coffer::cli
