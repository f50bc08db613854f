#include "seal_status.h"

#include <array>

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
    StatusRow{"Token State", "token_state"},
    StatusRow{"Total Shares", "n"},
    StatusRow{"Threshold", "t"},
    StatusRow{"Unseal Progress", "progress"},
    StatusRow{"Version", "version"},
    StatusRow{"Storage Type", "storage_type"},
    StatusRow{"Cluster Name", "cluster_name"},
    StatusRow{"Cluster ID", "cluster_id"},
    StatusRow{"HA Enabled", "ha_enabled"},
};

std::vector<Row> status_rows(const Json& status) {
  std::vector<Row> rows;
  for (const StatusRow& row : kRows) {
    const Json* value = status.find(row.member);
    if (value == nullptr || value->is_null()) continue;
    if (row.member == "progress" && !says_true(status, "sealed")) continue;
    rows.emplace_back(row.title, cell(*value));
  }
  return rows;
}

}  // namespace

bool says_true(const Json& status, std::string_view member) {
  const Json* value = status.find(member);
  return value != nullptr && value->kind() == Json::Kind::boolean && value->text() == "true";
}

int print_seal_status(Session& session, const Json& status) {
  if (!session.shows_table()) return print_tree(session, status);
  session.console().line(render_table(status_rows(status)));
  return kOk;
}

}  // namespace coffer::cli
