// The grammar of the command line, as Vault's users type it: command words, then flags (one dash or
// two, `-name=value` or `-name value`), then positional arguments. -format, -detailed,
// -output-curl-string and -output-policy are found anywhere before `--`.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/base/result.h"
#include "command.h"

namespace coffer::cli {

/// The flags that were given, by name without dashes.
class Flags final {
 public:
  void add(std::string_view name, std::string value);

  [[nodiscard]] bool has(std::string_view name) const;
  /// The last value given; "" when the flag wasn't.
  [[nodiscard]] std::string text(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> list(std::string_view name) const;
  [[nodiscard]] bool boolean(std::string_view name) const;
  [[nodiscard]] std::optional<std::int64_t> number(std::string_view name) const;

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

struct Arguments {
  Flags flags;
  std::vector<std::string> positional;
  /// Words that look like flags but stand behind a positional argument, so aren't.
  std::vector<std::string> trailing_flags;
};

/// The flags of every command: address, TLS, output.
[[nodiscard]] std::span<const Flag> common_flags();

struct Lookup {
  const Command* command = nullptr;
  std::size_t words = 0;  ///< how many of the arguments name it
};
/// The command with the most words that `arguments` begin with.
[[nodiscard]] Lookup find_command(std::span<const Command> commands,
                                  std::span<const std::string> arguments);

/// -h, -help or --help anywhere before `--`.
[[nodiscard]] bool asks_for_help(std::span<const std::string> arguments);

/// `arguments` are those behind the command's words. invalid_argument: an unknown flag, a missing
/// or unreadable value. The text names the flag, never a value: it may be a secret in a wrong
/// place.
[[nodiscard]] Result<Arguments> parse_arguments(std::span<const Flag> own_flags,
                                                std::span<const std::string> arguments);

}  // namespace coffer::cli
