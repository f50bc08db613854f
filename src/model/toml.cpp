#include "coffer/model/toml.h"

// toml++ 3.3 asserts, and in a release build assumes, what an inline table like `{ = }` breaks;
// past the assertion stands a proper error. So: neither (found by tests/fuzz/config.cpp).
#undef NDEBUG
#define TOML_ASSERT(expression) static_assert(true)
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>
#include <algorithm>

namespace coffer::model {
namespace {

ConfigValue texts_of(const toml::table& table) {
  TextTable texts;
  for (const auto& [key, node] : table) {
    const auto* text = node.as_string();
    if (text == nullptr) return OtherValue{};
    texts.emplace(key.str(), text->get());
  }
  return texts;
}

ConfigValue texts_of(const toml::array& array) {
  TextList texts;
  for (const toml::node& node : array) {
    const auto* text = node.as_string();
    if (text == nullptr) return OtherValue{};
    texts.push_back(text->get());
  }
  return texts;
}

ConfigValue value_of(const toml::node& node) {
  if (const auto* flag = node.as_boolean()) return flag->get();
  if (const auto* number = node.as_integer()) return number->get();
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* table = node.as_table()) return texts_of(*table);
  if (const auto* array = node.as_array()) return texts_of(*array);
  return OtherValue{};
}

std::size_t line_of(const toml::node& node) { return node.source().begin.line; }

class Flattener final {
 public:
  std::vector<ConfigEntry> flatten(const toml::table& root) {
    for (const auto& [key, node] : root) add_top(std::string(key.str()), node);
    std::stable_sort(entries_.begin(), entries_.end(),
                     [](const ConfigEntry& a, const ConfigEntry& b) { return a.line < b.line; });
    return std::move(entries_);
  }

 private:
  void add_top(const std::string& name, const toml::node& node) {
    if (const toml::table* table = node.as_table()) return add_table(*table, name, 0, false);
    const toml::array* array = node.as_array();
    if (array == nullptr || !array->is_array_of_tables()) {
      entries_.push_back({.name = name, .line = line_of(node), .value = value_of(node)});
      return;
    }
    for (std::size_t i = 0; i < array->size(); ++i) {
      add_table(*array->get(i)->as_table(), name, i, true);
    }
  }

  void add_table(const toml::table& table, const std::string& name, std::size_t index,
                 bool repeated) {
    entries_.push_back({name, index, repeated, {}, line_of(table), TableStart{}});
    for (const auto& [key, node] : table) {
      entries_.push_back(
          {name, index, repeated, std::string(key.str()), line_of(node), value_of(node)});
    }
  }

  std::vector<ConfigEntry> entries_;
};

}  // namespace

std::string ConfigEntry::key() const {
  std::string text = table;
  if (repeated) text += "[" + std::to_string(index) + "]";
  if (!text.empty() && !name.empty()) text += ".";
  return text + name;
}

std::variant<std::vector<ConfigEntry>, TomlMistake> read_toml(std::string_view text) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const toml::source_position at = parsed.error().source().begin;
    return TomlMistake{at.line, at.column};
  }
  return Flattener().flatten(parsed.table());
}

}  // namespace coffer::model
