// What the keys of the configuration take: one row a key, with the rule for its value. Private to
// the configuration's own files.
#pragma once

#include <functional>
#include <span>

#include "coffer/model/toml.h"
#include "config.h"

namespace coffer::daemon {

using model::ConfigEntry;
using model::ConfigValue;
using model::TableStart;
using model::TextList;
using model::TextTable;
using model::TomlMistake;

/// Sets the field, or says what is wrong with the value, without the value.
template <typename Settings>
using SetField = std::function<std::string(Settings&, const ConfigValue&)>;

/// What one kind of value means for one field.
template <typename Settings>
struct Rule {
  SetField<Settings> set;
  std::function<bool(const Settings&, const Settings&)> same{};
  std::function<std::string(const Settings&)> show{};  ///< empty: not to be shown
};

enum class When : std::uint8_t {
  restart,   ///< a change shows at the next start
  live,      ///< a change shows at a reload
  required,  ///< as restart, and must be given
};

template <typename Settings>
struct Field {
  std::string table;
  std::string name;
  Rule<Settings> rule;
  When when = When::restart;
};

/// The keys of all tables that stand once, and those of one [[listener]] or [[rotation_program]].
[[nodiscard]] std::span<const Field<Config>> config_fields();
[[nodiscard]] std::span<const Field<ListenerConfig>> listener_fields();
[[nodiscard]] std::span<const Field<programs::Program>> program_fields();

}  // namespace coffer::daemon
