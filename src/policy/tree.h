#pragma once

#include <string_view>

#include "syntax.h"

namespace coffer::policy {

/// HCL or its JSON form (told by the first character), within kMaxText. `labelled` is the key whose
/// blocks have a label: `path "a" {}`, in JSON {"path": {"a": {}}}.
[[nodiscard]] Result<Node> read_tree(std::string_view text, std::string_view labelled);

}  // namespace coffer::policy
