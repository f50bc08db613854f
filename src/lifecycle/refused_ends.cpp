#include "refused_ends.h"

#include <algorithm>

namespace coffer::lifecycle {

void RefusedEnds::note(const std::string& target, const std::string& id, Time now) {
  refused_[target].emplace(id, now);
}

void RefusedEnds::forget(const std::string& target, const std::string& id) {
  const auto found = refused_.find(target);
  if (found == refused_.end()) return;
  found->second.erase(id);
  if (found->second.empty()) refused_.erase(found);
}

bool RefusedEnds::are_few(const std::string& target) const {
  const auto found = refused_.find(target);
  return found == refused_.end() || found->second.size() <= kFew;
}

std::optional<RefusedEnds::Time> RefusedEnds::since(const std::string& target) const {
  const auto found = refused_.find(target);
  if (found == refused_.end()) return std::nullopt;
  Time earliest = Time::max();
  for (const auto& [id, when] : found->second) earliest = std::min(earliest, when);
  return earliest;
}

std::string RefusedEnds::any_of(const std::string& target) const {
  const auto found = refused_.find(target);
  return found == refused_.end() ? std::string() : found->second.begin()->first;
}

std::vector<std::string> RefusedEnds::targets(Time then) const {
  std::vector<std::string> names;
  for (const auto& [target, ids] : refused_) {
    const auto when = since(target);
    if (when && *when <= then) names.push_back(target);
  }
  return names;
}

}  // namespace coffer::lifecycle
