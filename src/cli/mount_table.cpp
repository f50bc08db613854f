#include "mount_table.h"

#include <algorithm>

#include "duration.h"
#include "output.h"
#include "render.h"

namespace coffer::cli {
namespace {

using model::Json;

std::string config_cell(const Json& mount, std::string_view member) {
  const Json* seconds = mount.find_path({"config", member});
  if (seconds == nullptr) return {};
  // 0: what the daemon's own settings say.
  return seconds->text() == "0" ? "system" : cell(*seconds);
}

std::string mount_cell(const Json& mount, const MountColumn& column) {
  if (!column.config.empty()) return config_cell(mount, column.config);
  const Json* value = mount.find(column.member);
  return value == nullptr || value->is_null() ? std::string() : cell(*value);
}

}  // namespace

int print_mounts(Session& session, const Answer& answer, const std::vector<MountColumn>& columns,
                 std::string_view none) {
  const Json* mounts = answer.json.find_path({"data"});
  if (mounts == nullptr || mounts->members().empty()) {
    if (session.shows_table()) return session.fail(kRemote, none);
    print_tree(session, Json::object());
    return kRemote;
  }
  if (!session.settings().field.empty()) return print_field(session, mounts, nullptr);
  if (!session.shows_table()) return print_tree(session, *mounts);
  std::vector<std::string> titles{"Path"};
  for (const MountColumn& column : columns) titles.emplace_back(column.title);
  std::vector<std::vector<std::string>> lines;
  for (const Json::Member& mount : mounts->members()) {
    std::vector<std::string> line{mount.name};
    for (const MountColumn& column : columns) line.push_back(mount_cell(mount.value, column));
    lines.push_back(std::move(line));
  }
  std::sort(lines.begin(), lines.end());
  session.console().line(render_columns(titles, lines));
  return kOk;
}

}  // namespace coffer::cli
