// What PATCH and the listing of a secret's subkeys do to a JSON tree.
#pragma once

#include "coffer/model/json_tree.h"

namespace coffer::model {

/// RFC 7396: members of `patch` replace those of `target`, null takes one out, objects merge member
/// by member; anything but an object replaces the whole. Members keep their place, new ones follow.
/// Takes time in proportion to both sizes, whatever their shape.
[[nodiscard]] Json merge_patch(Json target, const Json& patch);

/// `tree` with null in place of everything that is no object. `depth`: objects at that level (1:
/// the members of the root) become null too; 0: none do.
[[nodiscard]] Json null_leaves(const Json& tree, std::size_t depth);

}  // namespace coffer::model
