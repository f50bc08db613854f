// The part of a request's body that a command's flags fill: those that name a field.
#pragma once

#include <span>

#include "arguments.h"
#include "coffer/base/result.h"
#include "coffer/model/json_tree.h"

namespace coffer::cli {

/// Sets the field of each flag that was given: booleans and numbers as such, durations as Vault
/// sends them ("1h0m0s"), lists as arrays, pairs as an object of strings. A field "a.b" is member b
/// of the object a. invalid_argument: a pair without a name; the text names the flag alone.
[[nodiscard]] Result<void> fill_body(model::Json& body, std::span<const Flag> flags,
                                     const Flags& given);

/// "a,b" as a and b; empty parts are left out.
[[nodiscard]] std::vector<std::string> split_commas(std::string_view text);

}  // namespace coffer::cli
