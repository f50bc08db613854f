// The one pass over JSON that comes from outside. Nothing else in the tree parses such bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "coffer/base/result.h"

namespace coffer::model {

/// One member of the outermost object. Its value is text[begin, end).
struct Member {
  std::string name;
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Checks everything that Fields::parse promises; gives the members in the client's order. `null`
/// has none.
[[nodiscard]] Result<std::vector<Member>> check_json(std::string_view text);

/// The elements of an array of strings and integers (as their digits); invalid_argument, with an
/// empty text, when another type is among them. Precondition: check_json passed over `array`.
[[nodiscard]] Result<std::vector<std::string>> scalar_elements(std::string_view array);

}  // namespace coffer::model
