#include "commands.h"
#include "seal_status.h"

namespace coffer::cli {
namespace {

using model::Json;

int show_status(Session& session) {
  const auto answer = session.ask("checking seal status", {.path = "sys/seal-status"});
  if (!answer) {
    // Only shown, not sent: fine. Anything else is 1 here, since 2 says "sealed".
    return session.exit_code() == kOk ? kOk : kLocal;
  }
  Json status = answer->json;
  const Json* sealed = status.find("sealed");
  if (sealed == nullptr || sealed->kind() != Json::Kind::boolean) {
    return session.fail(kLocal, "Error checking seal status: the answer doesn't say");
  }
  const bool is_sealed = says_true(status, "sealed");
  if (!is_sealed) {
    const auto leader = session.ask_first("checking leader status", {.path = "sys/leader"});
    if (!leader) return kLocal;
    for (const Json::Member& member : leader->json.members()) {
      if (status.find(member.name) == nullptr) status.set(member.name, member.value);
    }
  }
  print_seal_status(session, status);
  return is_sealed ? kRemote : kOk;
}

}  // namespace

std::vector<Command> status_commands() {
  return {{.words = "status",
           .synopsis = "[flags]",
           .summary = "Say whether the vault is sealed",
           .help = "Prints the seal status. The exit code tells it too:\n\n"
                   "    0  unsealed\n"
                   "    1  an error\n"
                   "    2  sealed",
           .flags = {},
           .least = 0,
           .most = 0,
           .run = &show_status,
           .common = true}};
}

}  // namespace coffer::cli
