// What a rotation changed of a secret, put onto what others have written to it since.
#pragma once

#include <string>
#include <string_view>

#include "coffer/base/result.h"

namespace coffer::engines::kv {

/// `made` came of `base`; `current` came of it too, by somebody else. Gives `current` with those
/// members of the object changed, added and taken away that `made` has otherwise than `base`. Of a
/// member that both changed the rotation's value holds: it is the one in force. An empty `base` is
/// one that can't be read any more: then each member of `made` counts as changed. `corrupt`: one of
/// them is no JSON object. The texts are secrets: wipe what it gives.
[[nodiscard]] Result<std::string> merge_rotation(std::string_view base, std::string_view made,
                                                 std::string_view current);

}  // namespace coffer::engines::kv
