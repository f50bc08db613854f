#include <array>

#include "commands.h"
#include "output.h"
#include "render.h"

namespace coffer::cli {
namespace {

using model::Json;

struct StatusRow {
  std::string_view title;
  std::string_view member;
};

constexpr std::array kRows{
    StatusRow{"Seal Type", "type"},
    StatusRow{"Initialized", "initialized"},
    StatusRow{"Sealed", "sealed"},
    StatusRow{"Total Shares", "n"},
    StatusRow{"Threshold", "t"},
    StatusRow{"Unseal Progress", "progress"},
    StatusRow{"Version", "version"},
    StatusRow{"Storage Type", "storage_type"},
    StatusRow{"Cluster Name", "cluster_name"},
    StatusRow{"Cluster ID", "cluster_id"},
    StatusRow{"HA Enabled", "ha_enabled"},
};

bool is_true(const Json& status, std::string_view member) {
  const Json* value = status.find(member);
  return value != nullptr && value->kind() == Json::Kind::boolean && value->text() == "true";
}

std::vector<Row> status_rows(const Json& status) {
  std::vector<Row> rows;
  for (const StatusRow& row : kRows) {
    const Json* value = status.find(row.member);
    if (value == nullptr || value->is_null()) continue;
    if (row.member == "progress" && !is_true(status, "sealed")) continue;
    rows.emplace_back(row.title, cell(*value));
  }
  return rows;
}

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
  const bool is_sealed = is_true(status, "sealed");
  if (!is_sealed) {
    const auto leader = session.ask_first("checking leader status", {.path = "sys/leader"});
    if (!leader) return kLocal;
    for (const Json::Member& member : leader->json.members()) {
      if (status.find(member.name) == nullptr) status.set(member.name, member.value);
    }
  }
  if (session.shows_table()) {
    session.console().line(render_table(status_rows(status)));
  } else {
    print_tree(session, status);
  }
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
