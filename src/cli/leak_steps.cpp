#include "leak_steps.h"

#include <algorithm>
#include <set>

#include "leak_holders.h"
#include "leak_links.h"
#include "leak_responder.h"

namespace coffer::cli {
namespace {

using model::Json;

HttpRequest post(const std::string& path, const Json& body = Json::object()) {
  return {.method = "POST", .path = path, .query = {}, .body = body.compact()};
}

bool is_root(const Json& holder) {
  const Json* policies = holder.find("policies");
  return policies != nullptr &&
         std::any_of(policies->elements().begin(), policies->elements().end(),
                     [](const Json& policy) { return policy.text() == "root"; });
}

/// Why this token isn't revoked; "" if it is. `line`: responding_line().
std::string why_kept(const Json& holder, const std::vector<std::string>& line, bool root_too) {
  const auto own = std::find(line.begin(), line.end(), text_in(holder, "accessor"));
  if (own == line.begin()) return "is the one that responds";
  // Its descendants end with it, and with them who would record it.
  if (own != line.end()) return "is one that the token in use comes from, which would end with it";
  return is_root(holder) && !root_too ? "is root's, and -revoke-root isn't given" : "";
}

LeakStep end_of_leases(const std::string& accessor) {
  return {"end leases of", accessor, post("sys/leases/revoke-owned", about(accessor))};
}

/// All that are alive, but those that would saw off the branch that this sits on. Of the others
/// the leases, also where it wasn't told whether there are any.
Json add_tokens(Session& session, const Json& findings, const std::vector<std::string>& line,
                std::vector<LeakStep>& steps) {
  Json kept = Json::array();
  const Json* holders = findings.find("holders");
  if (holders == nullptr) return kept;
  for (const Json& holder : holders->elements()) {
    const std::string accessor = text_in(holder, "accessor");
    if (text_in(holder, "alive") != "true") {
      const bool left = text_in(holder, "lease_count") != "0";
      if (left && accessor != line.front()) steps.push_back(end_of_leases(accessor));
      continue;
    }
    const std::string why = why_kept(holder, line, session.flags().boolean("revoke-root"));
    if (why.empty()) {
      steps.push_back({"revoke", accessor, post("auth/token/revoke-accessor", about(accessor))});
      continue;
    }
    session.console().warning("the token " + accessor + " " + why + ": it isn't revoked");
    Json one = about(accessor);
    one.set("why", Json::string(why));
    kept.push(std::move(one));
  }
  return kept;
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
    steps.push_back(end_of_leases(accessor));
  }
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
  const std::string path = path_today(access);
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

bool add_revocations(Session& session, Json& findings, std::vector<LeakStep>& steps) {
  if (!may_update(session, kLookUpToken).value_or(true) || !tells_who_is_alive(findings)) {
    session.fail(kRemote, "-revoke needs the right to update " + std::string(kLookUpToken) +
                              ", to know which tokens are alive: nothing was done");
    return false;
  }
  const auto line = responding_line(session);
  if (!line) return false;
  add_peers(session, findings, line->front(), steps);
  findings.set("kept", add_tokens(session, findings, *line, steps));
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

bool add_rotation(Session& session, const std::string& path, std::vector<LeakStep>& steps,
                  Named named) {
  const auto mount = find_mounted(session, path);
  if (!mount) return false;
  constexpr std::string_view kCreds = "static-creds/";
  if (mount->type == "database" && mount->rest.starts_with(kCreds)) {
    return add_static_role(session, mount->path, mount->rest.substr(kCreds.size()), steps);
  }
  if (!mount->versioned) return true;
  // Beside data/ there are names, versions and times, and no value that could be in wrong hands.
  if (named == Named::by_request && !mount->rest.starts_with("data/")) return true;
  return add_kv(session, mount->path, mount->rest, steps);
}

bool add_rotations(Session& session, const Json& findings, std::vector<LeakStep>& steps) {
  const Json* accesses = findings.find("accesses");
  if (accesses == nullptr) return true;
  std::set<std::string> paths;
  std::set<std::string> rotated;
  for (const Json& access : accesses->elements()) {
    const std::string path = path_today(access);
    if (!is_secret(access) || !paths.insert(path).second) continue;
    std::vector<LeakStep> found;
    if (!add_rotation(session, path, found, Named::by_request)) return false;
    // A secret and the static role that it rotates may both have been read.
    if (found.empty() || !rotated.insert(found.front().what).second) continue;
    std::move(found.begin(), found.end(), std::back_inserter(steps));
  }
  return true;
}

}  // namespace coffer::cli
