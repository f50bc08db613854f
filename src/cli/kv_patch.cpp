// kv patch: changes some fields of a secret and keeps the others.
#include "coffer/model/merge_patch.h"
#include "command_data.h"
#include "commands.h"
#include "flag_body.h"
#include "kv_path.h"
#include "kv_print.h"
#include "output.h"

namespace coffer::cli {
namespace {

using model::Json;

std::string body_of(Json data, std::optional<std::int64_t> cas) {
  Json options = Json::object();
  if (cas) options.set("cas", Json::number(*cas));
  Json body = Json::object();
  body.set("data", std::move(data));
  body.set("options", std::move(options));
  return body.compact();
}

struct Patch {
  KvPath path;
  Json data;  ///< with null for what goes
  std::optional<std::int64_t> cas;
};

std::optional<std::int64_t> version_of(const Answer& current) {
  const Json* metadata = current.json.find_path({"data", "metadata"});
  const Json* version = metadata == nullptr ? nullptr : metadata->find("version");
  if (version == nullptr) return std::nullopt;
  Flags flags;  // the one reader of numbers
  flags.add("version", version->text());
  return flags.number("version");
}

/// For who may not patch, and daemons that can't: reads, and writes the whole on condition that
/// nobody did in between.
int read_then_write(Session& session, const Patch& patch) {
  const std::string api = patch.path.api("data");
  const auto current = session.ask_first("reading " + api, {.path = api});
  if (!current) return session.exit_code();
  const Json* before = current->json.find_path({"data", "data"});
  const auto version = version_of(*current);
  if (before == nullptr || !version) return session.nothing_found(api);
  session.hide_data();  // it holds what was read
  const auto answer = session.ask(
      "writing data to " + api,
      {.method = "PUT",
       .path = api,
       .body = body_of(model::merge_patch(*before, patch.data), patch.cas ? patch.cas : version)});
  if (!answer) return session.exit_code();
  return print_new_version(session, *answer, patch.path);
}

int merge_patch(Session& session, const Patch& patch, bool may_fall_back) {
  const std::string api = patch.path.api("data");
  const HttpRequest request{.method = "PATCH", .path = api, .body = body_of(patch.data, patch.cas)};
  const std::string doing = "patching " + api;
  const auto answer =
      may_fall_back ? session.ask(doing, request, {403, 405}) : session.ask(doing, request);
  if (!answer) return session.exit_code();
  if (answer->status == 403 || answer->status == 405) return read_then_write(session, patch);
  if (answer->missing()) return session.nothing_found(api);
  return print_new_version(session, *answer, patch.path);
}

int kv_patch(Session& session) {
  const Flags& flags = session.flags();
  const std::string method = flags.text("method");
  if (!method.empty() && method != "patch" && method != "rw") {
    return session.fail(kLocal, "-method must be patch or rw");
  }
  const auto cas = flags.number("cas");
  if (cas && *cas < 1) return session.fail(kLocal, "-cas must be a version");
  if (session.positional().size() < 2 && !flags.has("remove-data")) {
    return session.fail(kLocal, "Must supply data");
  }
  auto data = read_command_data(session, 1);
  if (!data) return kLocal;
  for (const std::string& given : flags.list("remove-data")) {
    for (const std::string& key : split_commas(given)) data->set(key, Json());
  }
  auto path = find_versioned_path(session, 0);
  if (!path) return session.exit_code();
  const Patch patch{*std::move(path), *std::move(data), cas};
  return method == "rw" ? read_then_write(session, patch)
                        : merge_patch(session, patch, method.empty());
}

}  // namespace

std::vector<Command> kv_patch_commands() {
  return {{.words = "kv patch",
           .synopsis = "[flags] PATH K=V ...",
           .summary = "Change some fields of a secret",
           .help =
               "Writes a new version of the secret at PATH with these fields changed, and the\n"
               "others as they were. Data are given as with kv put. A caller whose policies have\n"
               "no \"patch\" reads the secret and writes the whole of it; -method says which way\n"
               "to go, and no other.\n\n"
               "    $ coffer kv patch secret/app/db host=db2\n"
               "    $ coffer kv patch -remove-data=old secret/app/db password=?",
           .flags = {kMountFlag,
                     kFieldFlag,
                     {"method", FlagKind::text, "patch, or rw: read and write"},
                     {"cas", FlagKind::number, "write only if this is the newest version"},
                     {"remove-data", FlagKind::list, "fields to take away; may be repeated"}},
           .least = 1,
           .most = kAnyNumber,
           .run = &kv_patch,
           .argument = Argument::secret}};
}

}  // namespace coffer::cli
