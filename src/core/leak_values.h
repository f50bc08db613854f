// What of a secret can be recognised: its strings and numbers, in one spelling. Private to the
// room.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "coffer/engine/readable.h"

namespace coffer::core {

/// Without white space at its ends, and with LF for each CRLF: what editors and shells change of a
/// value on its way.
[[nodiscard]] std::string canonical_value(std::string_view value);

/// Gives each string within a JSON text, and each number as it is written there, with its JSON
/// pointer, in order, until `take` says false.
/// What is no JSON has none.
void each_string(std::string_view json,
                 const std::function<bool(std::string_view pointer, std::string_view value)>& take);

/// The same for all that is looked for of an opened secret, as its engine says.
void each_text(const engine::Readable& engine, std::string_view value,
               const std::function<bool(std::string_view pointer, std::string_view text)>& take);

}  // namespace coffer::core
