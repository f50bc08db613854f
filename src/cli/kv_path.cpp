#include "kv_path.h"

namespace coffer::cli {
namespace {

using model::Json;

std::string trimmed(std::string_view text) {
  while (!text.empty() && text.front() == '/') text.remove_prefix(1);
  while (!text.empty() && text.back() == '/') text.remove_suffix(1);
  return std::string(text);
}

std::string joined(std::string_view left, std::string_view right) {
  std::string text(left);
  if (!text.empty() && !right.empty()) text += '/';
  return text.append(right);
}

/// What is left of `path` below `mount`; all of it when it doesn't lie there.
std::string below(const std::string& mount, const std::string& path) {
  if (mount.empty()) return path;
  if (path == mount) return {};
  const std::string start = mount + "/";
  return path.substr(0, start.size()) == start ? path.substr(start.size()) : path;
}

}  // namespace

std::string KvPath::api(std::string_view part) const {
  if (!versioned) return joined(mount, rest);
  return joined(joined(mount, part), rest);
}

std::optional<KvPath> find_kv_path(Session& session, std::size_t argument) {
  const std::string given = session.path_argument(argument);
  const std::string named_mount = trimmed(session.flags().text("mount"));
  const std::string& asked = named_mount.empty() ? given : named_mount;
  const auto answer = session.ask_first("finding the mount of " + asked,
                                        {.path = "sys/internal/ui/mounts/" + asked});
  if (!answer) return std::nullopt;

  KvPath path;
  // 404: a daemon that doesn't have this question has no versions either.
  if (const Json* mount = answer->json.find_path({"data", "path"}))
    path.mount = trimmed(mount->text());
  const Json* version = answer->json.find_path({"data", "options", "version"});
  path.versioned = version != nullptr && version->text() == "2";
  if (named_mount.empty()) {
    path.rest = below(path.mount, given);
  } else {
    if (path.mount.empty()) path.mount = named_mount;
    path.rest = given;
  }
  return path;
}

std::optional<KvPath> find_versioned_path(Session& session, std::size_t argument) {
  auto path = find_kv_path(session, argument);
  if (path && !path->versioned) {
    // Sent as it is, the request would be about a secret of another name.
    session.fail(kLocal, "this needs an engine with versions, and " +
                             (path->mount.empty() ? "there is none" : path->mount + " has none"));
    return std::nullopt;
  }
  return path;
}

}  // namespace coffer::cli
