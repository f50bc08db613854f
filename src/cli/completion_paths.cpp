#include "completion_paths.h"

#include <algorithm>

namespace coffer::cli {
namespace {

using model::Json;

// Two of them, and the program's start, in the second that a person waits.
constexpr std::chrono::milliseconds kPatience{450};

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/') + 1); }

std::vector<std::string> keys_of(const Json& answer) {
  std::vector<std::string> keys;
  const Json* list = answer.find_path({"data", "keys"});
  if (list == nullptr) return keys;
  for (const Json& key : list->elements()) keys.push_back(key.text());
  return keys;
}

}  // namespace

PathCompletion::PathCompletion(const Settings& settings, const Environment& environment)
    : settings_(settings), environment_(environment) {
  settings_.timeout = std::min(settings_.timeout, kPatience);
}

Json PathCompletion::get(const HttpRequest& request) const {
  const auto token = find_token(environment_);
  if (!token.ok()) return {};
  const auto reply = send_http(settings_, *token ? &**token : nullptr, request);
  if (!reply.ok() || reply->status != 200) return {};
  auto json = Json::parse(reply->body);
  return json.ok() ? *std::move(json) : Json();
}

std::vector<std::string> PathCompletion::list(const std::string& folder) const {
  std::string path = folder;
  while (path.ends_with('/')) path.pop_back();
  return keys_of(get({.path = path, .query = {{"list", "true"}}}));
}

std::vector<std::string> PathCompletion::mounts(std::string_view member) const {
  std::vector<std::string> names;
  const Json* found = mounts_.find_path({"data", member});
  if (found == nullptr) return names;
  for (const Json::Member& mount : found->members()) names.push_back(mount.name);
  return names;
}

std::string PathCompletion::engine_of(const std::string& path) const {
  std::string longest;
  for (std::string& engine : mounts("secret")) {
    if (path.starts_with(engine) && engine.size() > longest.size()) longest = std::move(engine);
  }
  return longest;
}

bool PathCompletion::has_versions(const std::string& engine) const {
  const Json* version = mounts_.find_path({"data", "secret", engine, "options", "version"});
  return version != nullptr && version->text() == "2";
}

std::vector<std::string> PathCompletion::below_engine(Argument what, const std::string& engine,
                                                      const std::string& folder) const {
  const std::string rest = folder.substr(engine.size());
  if (!has_versions(engine)) return list(folder);
  if (what == Argument::secret) return list(engine + "metadata/" + rest);
  // Of the API's own parts only the metadata can be listed; what is below is the same for all.
  if (rest.empty()) return {"config", "data/", "delete/", "destroy/", "metadata/", "undelete/"};
  return list(engine + "metadata/" + rest.substr(rest.find('/') + 1));
}

std::vector<std::string> PathCompletion::candidates(Argument what, const std::string& word,
                                                    const std::string& mount) {
  if (what == Argument::policy) return list("sys/policies/acl");
  if (what == Argument::other || what == Argument::file) return {};
  mounts_ = get({.path = "sys/internal/ui/mounts"});
  if (what == Argument::login_method) return mounts("auth");
  if (what == Argument::engine) return mounts("secret");

  std::string start = mount;
  while (start.ends_with('/')) start.pop_back();
  if (!start.empty()) start += '/';
  const std::string folder = folder_of(start + word);
  std::vector<std::string> found;
  const std::string engine = engine_of(folder);
  if (!engine.empty()) {
    found = below_engine(what, engine, folder);
  } else if (what == Argument::path && !folder.empty()) {
    found = list(folder);
  }
  for (std::string& name : found) name.insert(0, folder.substr(start.size()));
  if (!start.empty()) return found;
  for (std::string& name : mounts("secret")) {
    if (!word.starts_with(name)) found.push_back(std::move(name));
  }
  if (what == Argument::path) {
    for (const std::string& name : mounts("auth")) found.push_back("auth/" + name);
  }
  return found;
}

}  // namespace coffer::cli
