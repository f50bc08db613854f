#include "leak_steps.h"

#include <algorithm>
#include <set>

namespace coffer::cli {
namespace {

using model::Json;

HttpRequest post(const std::string& path, const Json& body = Json::object()) {
  return {.method = "POST", .path = path, .query = {}, .body = body.compact()};
}

Json about(const std::string& accessor) {
  Json body = Json::object();
  body.set("accessor", Json::string(accessor));
  return body;
}

/// All that are alive, but the one that does this: it would saw off its own branch.
void add_tokens(Session& session, const Json& findings, const std::string& asking,
                std::vector<LeakStep>& steps) {
  const Json* holders = findings.find("holders");
  if (holders == nullptr) return;
  for (const Json& holder : holders->elements()) {
    const std::string accessor = text_in(holder, "accessor");
    if (text_in(holder, "alive") != "true") continue;
    if (asking == accessor) {
      session.console().warning("the token " + accessor +
                                " is the one that responds: it isn't revoked");
      continue;
    }
    steps.push_back({"revoke", accessor, post("auth/token/revoke-accessor", about(accessor))});
  }
}

/// A peer of the socket has no token to revoke: what he was given ends by his accessor. Also where
/// it wasn't told whether he has any.
void add_peers(Session& session, const Json& findings, const std::string& asking,
               std::vector<LeakStep>& steps) {
  const Json* peers = findings.find("peers");
  if (peers == nullptr) return;
  for (const Json& peer : peers->elements()) {
    const std::string accessor = text_in(peer, "accessor");
    if (text_in(peer, "lease_count") == "0") continue;
    if (asking == accessor) {
      session.console().warning("the peer " + accessor +
                                " is the one that responds: its leases aren't ended");
      continue;
    }
    steps.push_back({"end leases of", accessor, post("sys/leases/revoke-owned", about(accessor))});
  }
}

/// What a path of the API says of what rotates; an empty answer if it mustn't be read. nullopt: the
/// command is over.
std::optional<Json> described(Session& session, const std::string& path) {
  const auto answer = session.ask_first("reading " + path, {.path = path}, {400, 403, 404, 405});
  if (!answer) return std::nullopt;
  const Json* data = answer->json.find("data");
  return answer->status < 300 && data != nullptr ? *data : Json::object();
}

/// Of two users in turn it is the other's password that changes: the one that leaked is good until
/// the time after.
int times_of(Session& session, const Json& role, const std::string& path) {
  if (role.find("username") == nullptr) {
    session.console().warning(path + " can't be read: if it has two users in turn, rotate again");
    return 1;
  }
  return text_in(role, "alternate_username").empty() ? 1 : 2;
}

bool add_static_role(Session& session, const std::string& mount, const std::string& name,
                     std::vector<LeakStep>& steps) {
  const std::string path = mount + "static-roles/" + name;
  const auto role = described(session, path);
  if (!role) return false;
  const std::string secret = text_in(*role, "rotated_by");
  if (!secret.empty()) return add_rotation(session, secret, steps);
  const int times = times_of(session, *role, path);
  for (int i = 0; i < times; ++i) {
    steps.push_back({"rotate", mount + "static-creds/" + name, post(mount + "rotate-role/" + name),
                     path, true});
  }
  return true;
}

/// `rest` is as the API has it, or without data/, as `rotated_by` names it.
bool add_kv(Session& session, const std::string& mount, std::string rest,
            std::vector<LeakStep>& steps) {
  constexpr std::string_view kData = "data/";
  if (rest.starts_with(kData)) rest.erase(0, kData.size());
  KvPath secret;
  secret.mount = mount.substr(0, mount.size() - 1);
  secret.rest = std::move(rest);
  secret.versioned = true;
  return add_rotation(session, secret, steps);
}

bool is_secret(const Json& access) {
  const std::string path = text_in(access, "path");
  return text_in(access, "operation") == "read" && !path.starts_with("sys/") &&
         !path.starts_with("auth/");
}

}  // namespace

Json LeakStep::to_json() const {
  Json json = Json::object();
  json.set("act", Json::string(act));
  json.set("what", Json::string(what));
  json.set("body", request.body ? Json::string(*request.body) : Json());
  json.set("request", Json::string(request.path));
  if (!watch.empty()) json.set("watch", Json::string(watch));
  if (at_once) json.set("at_once", Json::boolean(true));
  json.set("outcome", Json::string("intended"));
  return json;
}

bool add_revocations(Session& session, const Json& findings, std::vector<LeakStep>& steps) {
  const auto asking = asking_accessor(session);
  if (!asking) return false;
  add_peers(session, findings, *asking, steps);
  add_tokens(session, findings, *asking, steps);
  return true;
}

bool add_rotation(Session& session, const KvPath& secret, std::vector<LeakStep>& steps) {
  const auto rotation = described(session, secret.api("rotation"));
  if (!rotation) return false;
  const Json* role_path = rotation->find_path({"settings", "static_role"});
  int times = 1;
  if (role_path != nullptr) {
    const auto role = described(session, std::string(role_path->text()));
    if (!role) return false;
    times = times_of(session, *role, std::string(role_path->text()));
  }
  for (int i = 0; i < times; ++i) {
    steps.push_back(
        {"rotate", secret.api("data"), post(secret.api("rotate")), secret.api("rotation")});
  }
  return true;
}

bool add_rotation(Session& session, const std::string& path, std::vector<LeakStep>& steps) {
  const auto answer = session.ask_first(
      "finding the mount of " + path, {.path = "sys/internal/ui/mounts/" + path}, {400, 403, 404});
  if (!answer) return false;
  const Json* data = answer->json.find("data");
  if (data == nullptr) return true;
  const std::string mount = text_in(*data, "path");
  if (mount.empty() || !path.starts_with(mount)) return true;
  std::string rest = path.substr(mount.size());
  constexpr std::string_view kCreds = "static-creds/";
  if (text_in(*data, "type") == "database" && rest.starts_with(kCreds)) {
    return add_static_role(session, mount, rest.substr(kCreds.size()), steps);
  }
  const Json* version = data->find_path({"options", "version"});
  if (version == nullptr || version->text() != "2") return true;
  return add_kv(session, mount, std::move(rest), steps);
}

bool add_rotations(Session& session, const Json& findings, std::vector<LeakStep>& steps) {
  const Json* accesses = findings.find("accesses");
  if (accesses == nullptr) return true;
  std::set<std::string> paths;
  std::set<std::string> rotated;
  for (const Json& access : accesses->elements()) {
    if (!is_secret(access) || !paths.insert(text_in(access, "path")).second) continue;
    std::vector<LeakStep> found;
    if (!add_rotation(session, text_in(access, "path"), found)) return false;
    // A secret and the static role that it rotates may both have been read.
    if (found.empty() || !rotated.insert(found.front().what).second) continue;
    std::move(found.begin(), found.end(), std::back_inserter(steps));
  }
  return true;
}

}  // namespace coffer::cli
