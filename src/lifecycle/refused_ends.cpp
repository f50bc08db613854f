#include "refused_ends.h"

namespace coffer::lifecycle {

void RefusedEnds::note(const std::string& target, const std::string& id, Time since) {
  Refused& refused = refused_[target];
  if (refused.since.emplace(id, since).second) refused.by_age.emplace(since, id);
  if (refused.often.size() < kFew) refused.often.insert(id);
}

void RefusedEnds::forget(const std::string& target, const std::string& id) {
  const auto found = refused_.find(target);
  if (found == refused_.end()) return;
  Refused& refused = found->second;
  const auto known = refused.since.find(id);
  if (known == refused.since.end()) return;
  refused.by_age.erase({known->second, id});
  refused.since.erase(known);
  refused.often.erase(id);
  if (refused.since.empty()) refused_.erase(found);
}

bool RefusedEnds::is_tried_often(const std::string& target, const std::string& id) const {
  const auto found = refused_.find(target);
  if (found == refused_.end()) return true;
  return found->second.often.size() < kFew || found->second.often.contains(id);
}

std::optional<RefusedEnds::Time> RefusedEnds::since(const std::string& target) const {
  const auto found = refused_.find(target);
  if (found == refused_.end()) return std::nullopt;
  return found->second.by_age.begin()->first;
}

std::string RefusedEnds::oldest_of(const std::string& target) const {
  const auto found = refused_.find(target);
  return found == refused_.end() ? std::string() : found->second.by_age.begin()->second;
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
