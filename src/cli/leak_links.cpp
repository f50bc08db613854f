#include "leak_links.h"

#include "leak_findings.h"

namespace coffer::cli {
namespace {

using model::Json;

constexpr std::string_view kData = "data/";
constexpr std::string_view kCreds = "static-creds/";
constexpr std::string_view kRoles = "/static-roles/";
constexpr std::string_view kNotLooked = "who has the same password from elsewhere isn't looked for";

/// database/static-roles/NAME as its own.
std::string creds_of(std::string role) {
  const auto at = role.rfind(kRoles);
  if (at == std::string::npos) return {};
  return role.replace(at + 1, kRoles.size() - 1, kCreds);
}

/// A static role names its secret without data/.
std::optional<std::string> data_of(Session& session, const std::string& secret) {
  const auto mount = find_mounted(session, secret);
  if (!mount) return std::nullopt;
  if (!mount->versioned) return std::string();
  return mount->path + std::string(kData) + mount->rest;
}

}  // namespace

std::optional<Mounted> find_mounted(Session& session, const std::string& path) {
  const auto answer = session.ask_first(
      "finding the mount of " + path, {.path = "sys/internal/ui/mounts/" + path}, {400, 403, 404});
  if (!answer) return std::nullopt;
  Mounted found;
  const Json* data = answer->json.find("data");
  if (data == nullptr) return found;
  const std::string mount = text_in(*data, "path");
  if (mount.empty() || !path.starts_with(mount)) return found;
  const Json* version = data->find_path({"options", "version"});
  found.path = mount;
  found.rest = path.substr(mount.size());
  found.type = text_in(*data, "type");
  found.versioned = version != nullptr && version->text() == "2";
  return found;
}

std::optional<Json> described(Session& session, const std::string& path, std::string_view denied) {
  const auto answer = session.ask_first("reading " + path, {.path = path}, {400, 403, 404, 405});
  if (!answer) return std::nullopt;
  if (answer->status == 403 && !denied.empty()) {
    session.console().warning(path + " can't be read: " + std::string(denied));
  }
  const Json* data = answer->json.find("data");
  return answer->status < 300 && data != nullptr ? *data : Json::object();
}

std::optional<std::string> other_path(Session& session, const std::string& path) {
  const auto mount = find_mounted(session, path);
  if (!mount) return std::nullopt;
  const bool is_secret = mount->versioned && mount->rest.starts_with(kData);
  const bool is_role = mount->type == "database" && mount->rest.starts_with(kCreds);
  if (is_secret) {
    const auto rotation = described(
        session, mount->path + "rotation/" + mount->rest.substr(kData.size()), kNotLooked);
    if (!rotation) return std::nullopt;
    const Json* role = rotation->find_path({"settings", "static_role"});
    return role == nullptr ? std::string() : creds_of(std::string(role->text()));
  }
  if (!is_role) return std::string();
  const auto role = described(
      session, mount->path + "static-roles/" + mount->rest.substr(kCreds.size()), kNotLooked);
  if (!role) return std::nullopt;
  const std::string secret = text_in(*role, "rotated_by");
  return secret.empty() ? std::optional(std::string()) : data_of(session, secret);
}

}  // namespace coffer::cli
