// kv metadata get, put, patch, delete.
#include <algorithm>

#include "commands.h"
#include "flag_body.h"
#include "kv_path.h"
#include "kv_print.h"
#include "output.h"

namespace coffer::cli {
namespace {

using model::Json;

/// All but the versions, which have blocks of their own.
Json without_versions(const Json& metadata) {
  Json rest = Json::object();
  for (const Json::Member& member : metadata.members()) {
    if (member.name != "versions") rest.set(member.name, member.value);
  }
  return rest;
}

/// By number: 2 before 10.
std::vector<Json::Member> sorted_versions(const Json& metadata) {
  std::vector<Json::Member> sorted;
  if (const Json* versions = metadata.find("versions")) sorted = versions->members();
  std::sort(sorted.begin(), sorted.end(), [](const Json::Member& a, const Json::Member& b) {
    return std::pair(a.name.size(), a.name) < std::pair(b.name.size(), b.name);
  });
  return sorted;
}

int metadata_get(Session& session) {
  const auto path = find_versioned_path(session, 0);
  if (!path) return session.exit_code();
  const std::string api = path->api("metadata");
  const auto answer = session.ask("reading " + api, {.path = api});
  if (!answer) return session.exit_code();
  const Json* metadata = answer->json.find_path({"data"});
  if (answer->missing() || metadata == nullptr) return session.nothing_found(api);
  if (!session.shows_table()) return print_secret(session, *answer);
  print_path(session.console(), "Metadata Path", api);
  print_block(session.console(), "Metadata", object_rows(without_versions(*metadata)));
  for (const Json::Member& version : sorted_versions(*metadata)) {
    session.console().line("");
    print_block(session.console(), "Version " + version.name, metadata_rows(version.value));
  }
  return kOk;
}

int send_metadata(Session& session, std::string_view method, std::string_view doing, bool remove) {
  auto body = session.flag_body();
  if (!body) return kLocal;
  if (remove) {
    const Json* given = body->find("custom_metadata");
    Json custom = given == nullptr ? Json::object() : *given;
    for (const std::string& text : session.flags().list("remove-custom-metadata")) {
      for (const std::string& key : split_commas(text)) custom.set(key, Json());
    }
    if (!custom.members().empty()) body->set("custom_metadata", std::move(custom));
  }
  const auto path = find_versioned_path(session, 0);
  if (!path) return session.exit_code();
  const std::string api = path->api("metadata");
  return carry_out(session, std::string(doing) + api,
                   {.method = std::string(method), .path = api, .body = body->compact()},
                   "Success! Data written to: " + api);
}

int metadata_put(Session& session) {
  return send_metadata(session, "PUT", "writing metadata to ", false);
}

int metadata_patch(Session& session) {
  return send_metadata(session, "PATCH", "patching metadata at ", true);
}

int metadata_delete(Session& session) {
  const auto path = find_versioned_path(session, 0);
  if (!path) return session.exit_code();
  const std::string api = path->api("metadata");
  return carry_out(session, "deleting " + api, {.method = "DELETE", .path = api},
                   "Success! Data deleted (if it existed) at: " + api);
}

std::vector<Flag> settings_flags() {
  return {
      kMountFlag,
      {"max-versions", FlagKind::number, "how many versions to keep; 0: as the engine says",
       "max_versions"},
      {"cas-required", FlagKind::boolean, "refuse writes without -cas", "cas_required"},
      {"delete-version-after", FlagKind::duration,
       "delete each new version after this time, as 30d; negative: never", "delete_version_after"},
      {"custom-metadata", FlagKind::pairs, "a note to keep with it; may be repeated",
       "custom_metadata"}};
}

Command metadata_command(std::string_view words, std::string_view summary, std::string_view help,
                         std::vector<Flag> flags, int (*run)(Session&)) {
  return {.words = words,
          .synopsis = "[flags] PATH",
          .summary = summary,
          .help = help,
          .flags = std::move(flags),
          .least = 1,
          .most = 1,
          .run = run,
          .argument = Argument::secret};
}

}  // namespace

std::vector<Command> kv_metadata_commands() {
  std::vector<Flag> patch_flags = settings_flags();
  patch_flags.push_back({"remove-custom-metadata", FlagKind::list, "notes to take away"});
  return {
      metadata_command("kv metadata get", "Show a secret's versions and settings",
                       "Shows the settings of the secret at PATH, and what became of each of\n"
                       "its versions.\n\n"
                       "    $ coffer kv metadata get secret/app/db",
                       {kMountFlag, kFieldFlag}, &metadata_get),
      metadata_command("kv metadata put", "Set a secret's settings",
                       "Sets the settings of the secret at PATH that are given. The notes of\n"
                       "-custom-metadata replace those that were there.\n\n"
                       "    $ coffer kv metadata put -max-versions=5 secret/app/db",
                       settings_flags(), &metadata_put),
      metadata_command("kv metadata patch", "Change some of a secret's settings",
                       "As put, but notes that aren't named stay.\n\n"
                       "    $ coffer kv metadata patch -custom-metadata=owner=web secret/app/db",
                       std::move(patch_flags), &metadata_patch),
      metadata_command("kv metadata delete", "Delete a secret with all of its versions",
                       "Removes the secret at PATH: settings and all versions. Nothing brings\n"
                       "them back.\n\n"
                       "    $ coffer kv metadata delete secret/app/db",
                       {kMountFlag}, &metadata_delete)};
}

}  // namespace coffer::cli
