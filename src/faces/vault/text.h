// Small questions about header values.
#pragma once

#include <algorithm>
#include <string_view>

namespace coffer::faces::vault {

[[nodiscard]] constexpr char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Precondition: `lower` has no upper-case letters.
[[nodiscard]] inline bool equal_ignoring_case(std::string_view text,
                                              std::string_view lower) noexcept {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return to_lower(a) == b; });
}

/// Without the optional white space of RFC 9110 section 5.6.3 around it.
[[nodiscard]] inline std::string_view trimmed(std::string_view text) noexcept {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace coffer::faces::vault
