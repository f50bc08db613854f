// Random lives of a few keys, held against a model that is too simple to be wrong.
#include <map>
#include <optional>
#include <set>

#include "kv_kit.h"
// After GoogleTest, which it needs.
#include <rapidcheck/gtest.h>

namespace coffer::engines::kv {
namespace {

struct ModelVersion {
  std::string data;
  bool deleted = false;
  bool destroyed = false;
};

struct ModelKey {
  std::map<int, ModelVersion> versions;
  int current = 0;
  std::size_t limit = 10;
};

/// What version 2 of KV is, without store, seal or race.
class Model {
 public:
  std::map<std::string, ModelKey> keys;

  bool write(const std::string& path, const std::string& data, std::optional<int> cas) {
    const auto found = keys.find(path);
    const int current = found == keys.end() ? 0 : found->second.current;
    if (cas && *cas != current) return false;
    ModelKey& key = keys[path];
    key.versions[++key.current] = {data};
    while (key.versions.size() > key.limit) key.versions.erase(key.versions.begin());
    return true;
  }
  void change(const std::string& verb, const std::string& path, int version) {
    const auto key = keys.find(path);
    if (key == keys.end()) return;
    const auto found = key->second.versions.find(version);
    if (found == key->second.versions.end() || found->second.destroyed) return;
    if (verb == "delete") found->second.deleted = true;
    if (verb == "undelete") found->second.deleted = false;
    if (verb == "destroy") found->second.destroyed = true;
  }
  std::string value(const std::string& path, int version) const {
    const auto key = keys.find(path);
    if (key == keys.end()) return "none";
    const auto found = key->second.versions.find(version == 0 ? key->second.current : version);
    if (found == key->second.versions.end()) return "none";
    return found->second.deleted || found->second.destroyed ? "gone" : found->second.data;
  }
  std::string list(const std::string& folder) const {
    std::set<std::string> names;
    for (const auto& [path, key] : keys) {
      if (!path.starts_with(folder)) continue;
      const std::string rest = path.substr(folder.size());
      const auto slash = rest.find('/');
      names.insert(slash == std::string::npos ? rest : rest.substr(0, slash + 1));
    }
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : " ") + name;
    return text.empty() ? "none" : text;
  }
};

const std::vector<std::string> kPaths = {"a", "f/a", "f/b", "f/g/a"};

/// One step of both; what they say must be the same.
void step(Kv& kv, Model& model, int number) {
  const auto path = *rc::gen::elementOf(kPaths);
  const auto version = *rc::gen::inRange(1, 8);
  const auto what = *rc::gen::inRange(0, 9);
  if (what <= 2) {
    const int drawn = *rc::gen::inRange(-6, 6);
    const std::optional<int> cas = drawn < 0 ? std::nullopt : std::optional(drawn);
    const std::string data = R"({"n":)" + std::to_string(number) + "}";
    const auto answer =
        kv.write(path, data, cas ? R"({"cas":)" + std::to_string(*cas) + "}" : "{}");
    RC_ASSERT(answer.ok() == model.write(path, data, cas));
  } else if (what <= 5) {
    const std::string verb = what == 3 ? "delete" : what == 4 ? "undelete" : "destroy";
    RC_ASSERT(kv.change(verb, path, "[" + std::to_string(version) + "]").ok());
    model.change(verb, path, version);
  } else if (what == 6) {
    RC_ASSERT(kv.remove(path).ok());
    if (model.keys.contains(path)) model.change("delete", path, model.keys[path].current);
  } else if (what == 7) {
    RC_ASSERT(kv.call(Operation::remove, "metadata/" + path).ok());
    model.keys.erase(path);
  } else {
    const auto limit = *rc::gen::inRange(1, 4);
    RC_ASSERT(kv.set_metadata(path, R"({"max_versions":)" + std::to_string(limit) + "}").ok());
    model.keys[path].limit = static_cast<std::size_t>(limit);
  }
}

void compare(Kv& kv, const Model& model) {
  for (const std::string& path : kPaths) {
    for (int version = 0; version <= 8; ++version) {
      RC_ASSERT(kv.value(path, version) == model.value(path, version));
    }
  }
  for (const char* folder : {"", "f/", "f/g/"}) {
    RC_ASSERT(kv.list(folder) == model.list(folder));
  }
}

void live(std::size_t rows_of_none) {
  Kv kv;
  Model model;
  const auto steps = *rc::gen::inRange(1, 40);
  for (int i = 0; i < steps; ++i) step(kv, model, i);
  compare(kv, model);
  // In the end nothing is left behind: no row, no folder.
  for (const std::string& path : kPaths) {
    RC_ASSERT(kv.call(Operation::remove, "metadata/" + path).ok());
  }
  RC_ASSERT(kv.list() == "none");
  RC_ASSERT(kv.rows() <= rows_of_none + 1);  // the mount's own row may be there
}

RC_GTEST_PROP(KvModel, AnyLifeOfKeysIsAsTheModelSays, ()) {
  static const std::size_t rows_of_none = Kv().rows();
  for (int life = 0; life < 3; ++life) live(rows_of_none);
}

}  // namespace
}  // namespace coffer::engines::kv
