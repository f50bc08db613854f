// What a command is: a row in a table. To add one, write its function and its row (kv_commands.cpp
// shows how); grammar, help, formats and errors come by themselves.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace coffer::cli {

class Session;

enum ExitCode : int {
  kOk = 0,
  kLocal = 1,     ///< flags, arguments, files, a field that isn't there
  kRemote = 2,    ///< the daemon isn't there, refused, or has no such thing
  kUnknown = 127  ///< no such command
};

enum class FlagKind : std::uint8_t {
  boolean,
  text,
  number,
  duration,
  list,  ///< may be repeated, and each may hold several with commas
  pairs  ///< NAME=VALUE, may be repeated
};

struct Flag {
  std::string_view name;
  FlagKind kind = FlagKind::boolean;
  std::string_view help;
  /// The member of the request's body that it fills (flag_body.h), as "config.max_lease_ttl";
  /// empty: none.
  std::string_view field = {};
};

/// What completion offers for the first positional argument.
enum class Argument : std::uint8_t { other, path, secret, engine, login_method, policy, file };

inline constexpr std::size_t kAnyNumber = static_cast<std::size_t>(-1);

struct Command {
  std::string_view words;     ///< "kv get"
  std::string_view synopsis;  ///< what follows the words: "[flags] PATH"
  std::string_view summary;   ///< one line, without a full stop
  std::string_view help;      ///< paragraphs and examples
  std::vector<Flag> flags;    ///< its own; those of all commands are added
  std::size_t least = 0;      ///< positional arguments, at least
  std::size_t most = 0;       ///< and at most
  int (*run)(Session&) = nullptr;
  Argument argument = Argument::other;
  bool common = false;  ///< listed first in the help
  bool raw = false;     ///< knows -format=raw: the answer's body, untouched
};

/// All commands, in the order of the help.
[[nodiscard]] std::span<const Command> all_commands();

}  // namespace coffer::cli
