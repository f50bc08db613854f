// A configuration in TOML as a flat list of keys: the one place that knows the parser. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace coffer::model {

/// A table within a table whose values are texts.
using TextTable = std::map<std::string, std::string>;
/// A list of texts; also one that is empty.
using TextList = std::vector<std::string>;
/// Another table within a table, another list, a date or a float: no key of ours is one.
struct OtherValue {};
/// Where a table begins: one without keys is wrong too, if its name isn't known.
struct TableStart {};

using ConfigValue =
    std::variant<bool, std::int64_t, std::string, TextTable, TextList, OtherValue, TableStart>;

struct ConfigEntry {
  std::string table{};    ///< "token"; "" at the top; "listener" of [[listener]]
  std::size_t index = 0;  ///< which [[listener]], from 0
  bool repeated = false;  ///< the table was written as [[…]]
  std::string name{};     ///< "uri"; empty of a TableStart
  std::size_t line = 0;
  ConfigValue value{OtherValue{}};

  /// "token.uri", "listener[0].path".
  [[nodiscard]] std::string key() const;
};

struct TomlMistake {
  std::size_t line = 0;
  std::size_t column = 0;
};

/// The entries by line, or where the text stops being TOML. What the parser says of it is dropped:
/// it may quote the text.
[[nodiscard]] std::variant<std::vector<ConfigEntry>, TomlMistake> read_toml(std::string_view text);

}  // namespace coffer::model
