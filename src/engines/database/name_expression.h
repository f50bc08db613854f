// What stands in the braces of a username_template, taken apart. Private to the engine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/base/result.h"

namespace coffer::engines::database {

inline constexpr std::size_t kMaxMadeName = 4096;  // while it is made; a server takes far less

[[nodiscard]] Error bad_template(std::string_view why);

enum class Function : std::uint8_t {
  random,
  unix_time,
  unix_time_millis,
  uuid,
  truncate,
  uppercase,
  lowercase,
  replace,
  sha256,
  printf,
};

struct Expression {
  enum class Kind : std::uint8_t { text, number, display_name, role_name, call };
  Kind kind = Kind::text;
  std::string text{};
  std::size_t number = 0;
  Function function = Function::random;
  std::vector<Expression> arguments{};
};

/// Of what is between `{{` and `}}`: pipeline = command { "|" command }; a command is a value, or a
/// function with values behind it; a pipe's left side is the last argument of its right side.
[[nodiscard]] Result<Expression> parse_expression(std::string_view text);

}  // namespace coffer::engines::database
