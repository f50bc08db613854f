#include "rotation_merge.h"

#include <algorithm>
#include <vector>

#include "coffer/model/json_tree.h"

namespace coffer::engines::kv {
namespace {

using model::Json;

Result<Json> object_of(std::string_view text) {
  if (text.empty()) return Json::object();
  Result<Json> tree = Json::parse(text);
  if (!tree.ok() || !tree->is_object()) {
    return make_error(ErrorCode::corrupt, "a secret that is rotated is no JSON object");
  }
  return tree;
}

bool same(const Json* before, const Json& after) {
  return before != nullptr && before->kind() == after.kind() &&
         before->compact() == after.compact();
}

}  // namespace

Result<MemberChanges> changes_of(std::string_view base, std::string_view made) {
  COFFER_TRY(const Json from, object_of(base));
  COFFER_TRY(const Json to, object_of(made));
  MemberChanges changes;
  for (const Json::Member& member : to.members()) {
    if (!same(from.find(member.name), member.value)) changes.made.push_back(member.name);
  }
  for (const Json::Member& member : from.members()) {
    if (to.find(member.name) == nullptr) changes.taken.push_back(member.name);
  }
  return changes;
}

Result<std::string> put_onto(std::string_view current, std::string_view made,
                             const MemberChanges& changes) {
  COFFER_TRY(const Json to, object_of(made));
  COFFER_TRY(Json there, object_of(current));
  std::vector<Json::Member> members = std::move(there).take_members();
  std::erase_if(members, [&](const Json::Member& member) {
    return std::find(changes.taken.begin(), changes.taken.end(), member.name) !=
           changes.taken.end();
  });
  Json merged = Json::object(std::move(members));
  for (const std::string& name : changes.made) {
    if (const Json* value = to.find(name); value != nullptr) merged.set(name, *value);
  }
  return merged.compact();
}

}  // namespace coffer::engines::kv
