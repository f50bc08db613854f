#include "leak_versions.h"

#include "version_numbers.h"

namespace coffer::cli {

using model::Json;

bool LeakVersions::read() {
  for (const auto& [flag, verb] : {std::pair{"lock", "delete"}, std::pair{"destroy", "destroy"}}) {
    if (!session_.flags().has(flag)) continue;
    std::string all;
    for (const std::string& given : session_.flags().list(flag)) {
      all += (all.empty() ? "" : ",") + given;
    }
    auto numbers = version_numbers(all);
    if (!numbers) {
      session_.fail(kLocal, "-" + std::string(flag) +
                                " must be numbers, as 1,2\nsee: coffer leak respond -help");
      return false;
    }
    wanted_.push_back({flag, verb, *std::move(numbers)});
  }
  return true;
}

bool LeakVersions::check(const KvPath& secret) {
  if (none()) return true;
  const std::string path = secret.api("metadata");
  const auto answer = session_.ask_first("reading " + path, {.path = path}, {403, 404});
  if (!answer) return false;
  const Json* there = answer->json.find_path({"data", "versions"});
  if (answer->status == 403) {
    session_.console().warning(path + " can't be read: whether these versions exist isn't known");
    return true;
  }
  if (there == nullptr) {
    session_.fail(kRemote, "There is no secret at " + secret.api("data") + ": nothing was done");
    return false;
  }
  for (const Wanted& wanted : wanted_) {
    if (!check(wanted, *there, secret.api("data"))) return false;
  }
  return true;
}

bool LeakVersions::check(const Wanted& wanted, const Json& there, const std::string& path) {
  for (const Json& version : wanted.versions.elements()) {
    if (there.find(version.text()) != nullptr) continue;
    session_.fail(kRemote, "-" + wanted.flag + ": " + path + " has no version " + version.text() +
                               ": nothing was done");
    return false;
  }
  return true;
}

void LeakVersions::add_steps(const KvPath& secret, std::vector<LeakStep>& steps) const {
  for (const Wanted& wanted : wanted_) {
    Json body = Json::object();
    body.set("versions", wanted.versions);
    steps.push_back(
        {wanted.flag,
         secret.api("data"),
         {.method = "POST", .path = secret.api(wanted.verb), .query = {}, .body = body.compact()}});
  }
}

void LeakVersions::add_to(Json& asked) const {
  for (const Wanted& wanted : wanted_) asked.set(wanted.flag, wanted.versions);
}

}  // namespace coffer::cli
