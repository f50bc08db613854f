// Walks over JSON text that was checked already (by check_json, or because we stored it so). Relies
// on its validity for what it finds, never for where it stops: on other bytes the results mean
// nothing, but nothing outside of the text is read.
#pragma once

#include <string>
#include <string_view>

namespace coffer::model {

[[nodiscard]] constexpr bool is_json_space(char c) noexcept {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

[[nodiscard]] std::size_t skip_space(std::string_view json, std::size_t at) noexcept;

/// `at` stands on the opening quote; gives the index behind the closing one.
[[nodiscard]] std::size_t skip_string(std::string_view json, std::size_t at) noexcept;

/// Appends what the inside of a JSON string (without its quotes) stands for.
void append_unescaped(std::string& out, std::string_view inside);

}  // namespace coffer::model
