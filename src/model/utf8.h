// UTF-8 by the byte, as RFC 3629 defines it: no overlong forms, no surrogates, nothing over
// U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace coffer::model {

/// How many bytes the well-formed sequence at the start of `text` has (1 to 4); 0: none stands
/// there. Precondition: `text` isn't empty.
[[nodiscard]] std::size_t utf8_length(std::string_view text) noexcept;

/// Precondition: a Unicode scalar value.
void append_utf8(std::string& out, std::uint32_t code_point);

}  // namespace coffer::model
