// lease orphans: users of a database that no lease knows.
#include "commands.h"
#include "output.h"
#include "render.h"

namespace coffer::cli {
namespace {

using model::Json;

/// "database/app": the mount, and the name of a configuration there.
struct Connection {
  std::string mount;
  std::string name;
  [[nodiscard]] std::string path() const { return mount + "/orphans/" + name; }
};

std::optional<Connection> connection_of(const std::string& argument) {
  const auto slash = argument.rfind('/');
  if (slash == std::string::npos) return std::nullopt;
  return Connection{argument.substr(0, slash), argument.substr(slash + 1)};
}

std::string member(const Json& object, std::string_view name) {
  const Json* found = object.find(name);
  return found == nullptr ? std::string() : found->text();
}

int list_orphans(Session& session, const Connection& connection) {
  const auto answer =
      session.ask("looking for orphans of " + connection.name, {.path = connection.path()});
  if (!answer) return session.exit_code();
  if (answer->missing()) return session.nothing_found(connection.path());
  const Json* users = answer->json.find_path({"data", "users"});
  if (!session.settings().field.empty() || !session.shows_table() || users == nullptr) {
    return print_secret(session, *answer);
  }
  std::vector<std::vector<std::string>> lines;
  for (const Json& user : users->elements()) {
    const bool ours = member(user, "this_vault") == "true";
    lines.push_back({member(user, "username"), member(user, "created"), member(user, "epoch"),
                     member(user, "reason"), ours ? "this one" : "unknown"});
  }
  if (lines.empty()) {
    session.console().line("None: each user by such a name has its lease.");
    return kOk;
  }
  session.console().line(
      render_columns({"Username", "Created", "Epoch", "Reason", "Vault"}, lines));
  const std::string total = member(*answer->json.find("data"), "total");
  if (total != std::to_string(lines.size())) {
    session.console().line("The oldest of " + total + ".");
  }
  return kOk;
}

int revoke_orphans(Session& session, const Connection& connection,
                   std::span<const std::string> usernames) {
  Json names = Json::array();
  for (const std::string& name : usernames) names.push(Json::string(name));
  Json body = Json::object();
  body.set("usernames", std::move(names));
  const Flags& flags = session.flags();
  if (flags.boolean("other-vaults")) body.set("other_vaults", Json::boolean(true));
  if (flags.has("role")) body.set("role", Json::string(flags.text("role")));
  return carry_out(session, "revoking users of " + connection.name,
                   {.method = "PUT", .path = connection.path() + "/revoke", .body = body.compact()},
                   "");
}

int lease_orphans(Session& session) {
  const auto connection = connection_of(session.path_argument(0));
  if (!connection) {
    return session.fail(kLocal, "wanted MOUNT/CONNECTION, such as database/app");
  }
  const auto usernames = session.positional().subspan(1);
  if (!session.flags().boolean("revoke")) {
    for (const std::string_view flag : {"other-vaults", "role"}) {
      if (session.flags().has(flag)) {
        return session.fail(kLocal, "-" + std::string(flag) + " is for -revoke");
      }
    }
    if (!usernames.empty()) return session.fail(kLocal, "user names are for -revoke");
    return list_orphans(session, *connection);
  }
  if (usernames.empty()) {
    return session.fail(kLocal, "-revoke wants the names of users, as the list has them");
  }
  return revoke_orphans(session, *connection, usernames);
}

}  // namespace

std::vector<Command> lease_orphans_commands() {
  return {{.words = "lease orphans",
           .synopsis = "[flags] MOUNT/CONNECTION [USER ...]",
           .summary = "Find users of a database that no lease knows, and end them",
           .help =
               "Lists users of a database by names that a vault makes and that no lease of this\n"
               "vault knows: made in a time that a restore took back, left by a lease that was\n"
               "revoked with -force, or made by another vault, which Vault \"unknown\" may mean.\n"
               "With -revoke the users that are named are ended as leases are.\n\n"
               "    $ coffer lease orphans database/app\n"
               "    $ coffer lease orphans -revoke database/app USER",
           .flags = {kFieldFlag,
                     {"revoke", FlagKind::boolean, "end the users that are named"},
                     {"other-vaults", FlagKind::boolean,
                      "with -revoke: also users that another vault may have made"},
                     {"role", FlagKind::text,
                      "with -revoke: end them by this role's revocation_statements"}},
           .least = 1,
           .most = kAnyNumber,
           .run = lease_orphans}};
}

}  // namespace coffer::cli
