#pragma once

#include <string_view>

#include "syntax.h"

namespace coffer::policy {

/// A policy's JSON form: {"path": {"secret/*": {"capabilities": ["read"]}}}, as the items that HCL
/// would give; `labelled` is the key whose objects are blocks with labels, "path" here. Lines
/// aren't known.
[[nodiscard]] Result<Node> parse_json(std::string_view text, std::string_view labelled);

}  // namespace coffer::policy
