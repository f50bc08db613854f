#include "refused_ends.h"

#include <algorithm>

namespace coffer::lifecycle {

void RefusedEnds::note(const std::string& target, const std::string& id, Time now) {
  Refused& refused = refused_[target];
  refused.since.emplace(id, now);
  if (refused.often.size() < kFew) refused.often.insert(id);
}

void RefusedEnds::forget(const std::string& target, const std::string& id) {
  const auto found = refused_.find(target);
  if (found == refused_.end()) return;
  found->second.since.erase(id);
  found->second.often.erase(id);
  if (found->second.since.empty()) refused_.erase(found);
}

bool RefusedEnds::is_tried_often(const std::string& target, const std::string& id) const {
  const auto found = refused_.find(target);
  if (found == refused_.end()) return true;
  return found->second.often.size() < kFew || found->second.often.contains(id);
}

std::optional<RefusedEnds::Time> RefusedEnds::since(const std::string& target) const {
  const auto found = refused_.find(target);
  if (found == refused_.end()) return std::nullopt;
  Time earliest = Time::max();
  for (const auto& [id, when] : found->second.since) earliest = std::min(earliest, when);
  return earliest;
}

std::string RefusedEnds::any_of(const std::string& target) const {
  const auto found = refused_.find(target);
  return found == refused_.end() ? std::string() : found->second.since.begin()->first;
}

std::vector<std::string> RefusedEnds::targets(Time then) const {
  std::vector<std::string> names;
  for (const auto& [target, refused] : refused_) {
    const auto when = since(target);
    if (when && *when <= then) names.push_back(target);
  }
  return names;
}

}  // namespace coffer::lifecycle
