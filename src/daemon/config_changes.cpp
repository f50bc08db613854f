#include "config_changes.h"

#include <algorithm>

#include "config_fields.h"

namespace coffer::daemon {
namespace {

template <typename Settings>
std::string describe_change(const std::string& key, const Field<Settings>& field,
                            const Settings& from, const Settings& to) {
  if (!field.rule.show) return key;
  return key + " " + field.rule.show(from) + " to " + field.rule.show(to);
}

const ListenerConfig* find(const Config& config, const std::string& path) {
  const auto found =
      std::find_if(config.listeners.begin(), config.listeners.end(),
                   [&](const ListenerConfig& listener) { return listener.path == path; });
  return found == config.listeners.end() ? nullptr : &*found;
}

void compare_listeners(const Config& current, const Config& next, std::vector<std::string>& out) {
  for (const ListenerConfig& listener : current.listeners) {
    if (find(next, listener.path) == nullptr)
      out.push_back("listener " + listener.path + " removed");
  }
  for (const ListenerConfig& listener : next.listeners) {
    const std::string name = "listener " + listener.path;
    const ListenerConfig* const before = find(current, listener.path);
    if (before == nullptr) {
      out.push_back(name + " added");
      continue;
    }
    for (const auto& field : listener_fields()) {
      if (field.rule.same(*before, listener)) continue;
      out.push_back(describe_change(name + " " + field.name, field, *before, listener));
    }
  }
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

}  // namespace

ConfigChanges compare_configs(const Config& started, const Config& current, const Config& next) {
  ConfigChanges changes;
  for (const auto& field : config_fields()) {
    const std::string key = field.table + "." + field.name;
    const bool live = field.when == When::live;
    if (live && !field.rule.same(current, next)) {
      changes.live.push_back(describe_change(key, field, current, next));
    }
    if (!live && !field.rule.same(started, next)) changes.restart.push_back(key);
  }
  if (started.programs != next.programs) changes.restart.emplace_back("rotation_program");
  compare_listeners(current, next, changes.live);
  return changes;
}

std::string describe(const ConfigChanges& changes) {
  std::string text = changes.live.empty() ? "no change" : "changed: " + joined(changes.live);
  if (!changes.restart.empty()) text += "; after a restart: " + joined(changes.restart);
  return text;
}

}  // namespace coffer::daemon
