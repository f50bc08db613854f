#include "yaml.h"

#include <algorithm>
#include <array>

#include "coffer/model/json_writer.h"

namespace coffer::cli {
namespace {

using model::Json;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Plain only what can't be a number, a truth value, a null or a date in any version of YAML:
/// letters first, then what has no meaning, and none of the words that have one.
bool plain_is_safe(const std::string& text) {
  constexpr std::array<std::string_view, 9> kWords{"true", "false", "yes", "no", "on",
                                                   "off",  "null",  "y",   "n"};
  if (text.empty() || !is_letter(text.front())) return false;
  const auto harmless = [](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' || c == '/';
  };
  if (!std::all_of(text.begin(), text.end(), harmless)) return false;
  std::string lower = text;
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return std::find(kWords.begin(), kWords.end(), lower) == kWords.end();
}

class Outline final {
 public:
  explicit Outline(bool quote) : quote_(quote) {}

  void append(const Json& value, std::size_t depth) {
    switch (value.kind()) {
      case Json::Kind::null:
      case Json::Kind::boolean:
      case Json::Kind::number: out_ += value.text(); return;
      case Json::Kind::string: append_text(value.text()); return;
      case Json::Kind::array: append_array(value, depth); return;
      case Json::Kind::object: append_object(value, depth); return;
    }
  }
  std::string take() { return std::move(out_); }

 private:
  void append_text(const std::string& text) {
    if (!quote_ || plain_is_safe(text)) {
      out_ += text;
    } else {
      model::append_json_string(out_, text);
    }
  }

  static bool is_block(const Json& value) {
    return !value.members().empty() || !value.elements().empty();
  }

  void new_line(std::size_t depth) {
    if (!out_.empty()) out_ += '\n';
    out_.append(depth * 2, ' ');
  }

  void append_object(const Json& value, std::size_t depth) {
    if (value.members().empty()) out_ += "{}";
    bool first = true;
    for (const Json::Member& member : value.members()) {
      // The first member of an object in a list stands behind the list's dash.
      if (!(first && after_dash_)) new_line(depth);
      first = after_dash_ = false;
      append_text(member.name);
      out_ += ':';
      if (!is_block(member.value)) out_ += ' ';
      append(member.value, depth + 1);
    }
  }

  void append_array(const Json& value, std::size_t depth) {
    if (value.elements().empty()) out_ += "[]";
    bool first = true;
    for (const Json& element : value.elements()) {
      if (!(first && after_dash_)) new_line(depth);
      first = false;
      out_ += "- ";
      after_dash_ = is_block(element);
      append(element, depth + 1);
      after_dash_ = false;
    }
  }

  bool quote_;
  bool after_dash_ = false;
  std::string out_;
};

}  // namespace

std::string render_yaml(const Json& value) {
  Outline outline(true);
  outline.append(value, 0);
  return outline.take();
}

std::string render_pretty(const Json& value) {
  Outline outline(false);
  outline.append(value, 0);
  return outline.take();
}

}  // namespace coffer::cli
