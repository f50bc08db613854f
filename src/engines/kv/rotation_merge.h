// What a rotation changed of a secret, put onto what others have written to it since.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "coffer/base/result.h"

namespace coffer::engines::kv {

/// Names of members of a secret's object. They are kept beside the new value, for the version that
/// it was made from may be pruned or destroyed before the value becomes current.
struct MemberChanges {
  std::vector<std::string> made;   ///< added, or changed
  std::vector<std::string> taken;  ///< taken away
};

/// What `made` has otherwise than `base`, which it came of. An empty `base` is one that can't be
/// read: then each member of `made` counts as changed. `corrupt`: one of them is no JSON object.
[[nodiscard]] Result<MemberChanges> changes_of(std::string_view base, std::string_view made);

/// `current` with those members changed, added and taken away; values are `made`'s. Of a member
/// that both changed the rotation's value holds: it is the one in force. `corrupt`: one of them is
/// no JSON object. The text that it gives is a secret: wipe it.
[[nodiscard]] Result<std::string> put_onto(std::string_view current, std::string_view made,
                                           const MemberChanges& changes);

}  // namespace coffer::engines::kv
