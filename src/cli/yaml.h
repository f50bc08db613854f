// A JSON tree as YAML 1.2 block style, and as an indented outline for people.
#pragma once

#include <string>

#include "coffer/model/json_tree.h"

namespace coffer::cli {

/// Strings that YAML 1.1 or 1.2 could read as something else are in double quotes, with JSON's
/// escapes (YAML 1.2.2 section 7.3.1 knows them all). No newline at the end.
[[nodiscard]] std::string render_yaml(const model::Json& value);

/// The same shape without quotes: not to be parsed.
[[nodiscard]] std::string render_pretty(const model::Json& value);

}  // namespace coffer::cli
