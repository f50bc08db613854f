#include "coffer/model/merge_patch.h"

#include <unordered_map>
#include <utility>

namespace coffer::model {
namespace {

// Looked up by hash: a search through the members for each change would take their product.
using Changes = std::unordered_map<std::string_view, const Json*>;

Changes changes_of(const Json& patch) {
  Changes changes;
  changes.reserve(patch.members().size());
  for (const Json::Member& member : patch.members()) changes.emplace(member.name, &member.value);
  return changes;
}

/// `level` is that of the members of `tree`.
Json nulled(const Json& tree, std::size_t level, std::size_t depth) {
  if (!tree.is_object()) return {};
  std::vector<Json::Member> members;
  members.reserve(tree.members().size());
  for (const Json::Member& member : tree.members()) {
    const bool cut = level == depth;
    members.push_back({member.name, cut ? Json() : nulled(member.value, level + 1, depth)});
  }
  return Json::object(std::move(members));
}

}  // namespace

Json merge_patch(Json target, const Json& patch) {
  if (!patch.is_object()) return patch;
  Changes changes = changes_of(patch);
  std::vector<Json::Member> merged;
  for (Json::Member& member : std::move(target).take_members()) {
    const auto change = changes.find(member.name);
    if (change == changes.end()) {
      merged.push_back(std::move(member));
      continue;
    }
    if (!change->second->is_null()) {
      merged.push_back({member.name, merge_patch(std::move(member.value), *change->second)});
    }
    changes.erase(change);
  }
  for (const Json::Member& member : patch.members()) {
    if (!changes.contains(member.name) || member.value.is_null()) continue;
    // What isn't there yet is merged with nothing: nulls inside of it go (RFC 7396 section 2).
    merged.push_back({member.name, merge_patch(Json(), member.value)});
  }
  return Json::object(std::move(merged));
}

Json null_leaves(const Json& tree, std::size_t depth) { return nulled(tree, 1, depth); }

}  // namespace coffer::model
