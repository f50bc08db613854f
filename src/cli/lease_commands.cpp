// lease lookup, renew, revoke, top.
#include <algorithm>

#include "commands.h"
#include "output.h"

namespace coffer::cli {
namespace {

using model::Json;

constexpr std::string_view kQueued = "All revocation operations queued successfully!";

std::string body_with(const std::string& id) {
  Json body = Json::object();
  body.set("lease_id", Json::string(id));
  return body.compact();
}

int lease_lookup(Session& session) {
  const std::string id = session.path_argument(0);
  return look_up(session, "looking up the lease",
                 {.method = "PUT", .path = "sys/leases/lookup", .body = body_with(id)});
}

int lease_renew(Session& session) {
  auto body = session.flag_body();
  if (!body) return kLocal;
  body->set("lease_id", Json::string(session.path_argument(0)));
  return look_up(session, "renewing the lease",
                 {.method = "PUT", .path = "sys/leases/renew", .body = body->compact()});
}

/// -force forgets what targets still have, so it asks for -prefix too: as Vault's.
int lease_revoke(Session& session) {
  const Flags& flags = session.flags();
  const bool prefix = flags.boolean("prefix");
  const bool force = flags.boolean("force");
  const bool sync = flags.boolean("sync");
  if (force && !prefix) {
    return session.fail(kLocal, "-force also needs -prefix: it forgets all leases below a prefix");
  }
  if (prefix && sync) return session.fail(kLocal, "-sync is for one lease, without -prefix");
  const std::string id = session.path_argument(0);
  if (prefix) {
    const std::string path =
        std::string(force ? "sys/leases/revoke-force/" : "sys/leases/revoke-prefix/") + id;
    return carry_out(
        session, "revoking the leases below " + id, {.method = "PUT", .path = path, .body = ""},
        force ? "Success! Force revoked any leases with prefix: " + id : std::string(kQueued));
  }
  Json body = Json::object();
  body.set("lease_id", Json::string(id));
  if (sync) body.set("sync", Json::boolean(true));
  return carry_out(session, "revoking the lease",
                   {.method = "PUT", .path = "sys/leases/revoke", .body = body.compact()},
                   sync ? "Success! Revoked lease: " + id : std::string(kQueued));
}

std::string padded(std::string text, std::size_t size) {
  text.resize(std::max(text.size() + 2, size), ' ');
  return text;
}

/// One block of `top`: counts first, for they are what it is about.
void show(Session& session, const Json& data, std::string_view list, std::string_view name,
          std::string_view about) {
  const Json* rows = data.find(list);
  if (rows == nullptr || rows->elements().empty()) return;
  constexpr std::size_t kCount = 10;
  session.console().line("");
  session.console().line(padded("Leases", kCount) + std::string(list));
  session.console().line(padded("------", kCount) + std::string(list.size(), '-'));
  for (const Json& row : rows->elements()) {
    const Json* count = row.find("leases");
    const Json* who = row.find(name);
    const Json* called = about.empty() ? nullptr : row.find(about);
    std::string line = padded(count == nullptr ? "" : count->text(), kCount);
    line += who == nullptr ? "" : who->text();
    if (called != nullptr && !called->text().empty()) line += "  (" + called->text() + ")";
    session.console().line(line);
  }
}

int lease_top(Session& session) {
  HttpRequest request{.path = "sys/leases/top"};
  if (session.flags().has("limit")) {
    request.query.emplace_back("limit", session.flags().text("limit"));
  }
  const auto answer = session.ask("asking who has leases", request);
  if (!answer) return session.exit_code();
  const Json* data = answer->json.find("data");
  if (answer->missing() || data == nullptr) return session.nothing_found("sys/leases/top");
  if (!session.settings().field.empty()) return print_field(session, data, nullptr);
  if (!session.shows_table()) return print_tree(session, *data);
  const Json* total = data->find("total");
  session.console().line("Leases in all: " + (total == nullptr ? "0" : total->text()));
  show(session, *data, "roles", "prefix", "");
  show(session, *data, "identities", "identity", "display_name");
  show(session, *data, "owners", "accessor", "display_name");
  return kOk;
}

}  // namespace

std::vector<Command> lease_commands() {
  return {
      {.words = "lease lookup",
       .synopsis = "[flags] ID",
       .summary = "Show a lease",
       .help = "Shows when a lease was issued, when it ends, and whether it can be renewed.\n\n"
               "    $ coffer lease lookup database/creds/app/2f6a614c4aa30c7bb2a1c3d8",
       .flags = {kFieldFlag},
       .least = 1,
       .most = 1,
       .run = lease_lookup},
      {.words = "lease renew",
       .synopsis = "[flags] ID",
       .summary = "Renew a lease",
       .help = "Has a lease last longer, but never past its maximum.\n\n"
               "    $ coffer lease renew -increment=1h database/creds/app/2f6a614c4aa30c7bb2a1c3d8",
       .flags = {kFieldFlag,
                 {"increment", FlagKind::duration, "from now on; none: as long as at first",
                  "increment"}},
       .least = 1,
       .most = 1,
       .run = lease_renew},
      {.words = "lease revoke",
       .synopsis = "[flags] ID",
       .summary = "End leases",
       .help = "Ends a lease, or with -prefix all below a prefix. What it stands for ends soon\n"
               "after, as soon as its target can be reached.\n\n"
               "    $ coffer lease revoke -sync database/creds/app/2f6a614c4aa30c7bb2a1c3d8\n"
               "    $ coffer lease revoke -prefix database/creds/app",
       .flags = {{"prefix", FlagKind::boolean, "all leases below the argument"},
                 {"force", FlagKind::boolean,
                  "with -prefix: forget them although their targets refuse"},
                 {"sync", FlagKind::boolean, "wait until the target has taken it"}},
       .least = 1,
       .most = 1,
       .run = lease_revoke},
      {.words = "lease top",
       .synopsis = "[flags]",
       .summary = "Show who has most leases",
       .help = "Shows the roles, the identities that caps go by, and the callers that have most "
               "leases.\n\n"
               "    $ coffer lease top -limit=3",
       .flags = {kFieldFlag, {"limit", FlagKind::number, "so many of each; 10 if not given"}},
       .run = lease_top},
  };
}

}  // namespace coffer::cli
