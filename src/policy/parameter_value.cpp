#include "parameter_value.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

namespace coffer::policy {
namespace {

using model::Json;

template <typename Number>
std::optional<Number> number(std::string_view text) noexcept {
  Number value{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// `5`, `5.0` and `05` are one number: an engine that reads the field sees the same in them.
bool same_number(std::string_view a, std::string_view b) noexcept {
  if (a == b) return true;
  const auto whole_a = number<std::int64_t>(a);
  const auto whole_b = number<std::int64_t>(b);
  if (whole_a && whole_b) return *whole_a == *whole_b;
  const auto real_a = number<double>(a);
  const auto real_b = number<double>(b);
  return real_a && real_b && *real_a == *real_b;
}

bool same_scalar(const Json& wanted, std::string_view text) noexcept {
  switch (wanted.kind()) {
    case Json::Kind::string: return glob_matches(wanted.text(), text);
    case Json::Kind::number: return same_number(wanted.text(), text);
    case Json::Kind::boolean: return wanted.text() == text;
    case Json::Kind::null:
    case Json::Kind::array:
    case Json::Kind::object: break;
  }
  return false;
}

bool same_tree(const Json& a, const Json& b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Json::Kind::null: return true;
    case Json::Kind::boolean:
    case Json::Kind::string: return a.text() == b.text();
    case Json::Kind::number: return same_number(a.text(), b.text());
    case Json::Kind::array:
      return std::equal(a.elements().begin(), a.elements().end(), b.elements().begin(),
                        b.elements().end(), same_tree);
    case Json::Kind::object: break;
  }
  if (a.members().size() != b.members().size()) return false;
  return std::all_of(a.members().begin(), a.members().end(), [&b](const Json::Member& member) {
    const Json* other = b.find(member.name);
    return other != nullptr && same_tree(member.value, *other);
  });
}

bool same_deeply(const Json& wanted, std::string_view json) {
  const char first = wanted.is_array() ? '[' : '{';
  if (json.empty() || json.front() != first) return false;
  const auto tree = Json::parse(json);
  return tree.ok() && same_tree(wanted, *tree);
}

}  // namespace

bool glob_matches(std::string_view glob, std::string_view text) noexcept {
  if (glob.size() < 2) return glob == text;
  const bool front = glob.front() == '*';
  const bool back = glob.back() == '*';
  if (front) glob.remove_prefix(1);
  if (back) glob.remove_suffix(1);
  if (front && back) return text.find(glob) != std::string_view::npos;
  if (front) return text.ends_with(glob);
  if (back) return text.starts_with(glob);
  return glob == text;
}

bool equals(const Json& wanted, const model::Fields& fields,
            const model::Fields::MemberView& member) {
  const std::string_view json = member.json;
  if (wanted.is_null() || json == "null") return wanted.is_null() && json == "null";
  if (wanted.is_array() || wanted.is_object()) return same_deeply(wanted, json);
  if (json.front() == '[' || json.front() == '{') return false;
  if (json.front() != '"') return same_scalar(wanted, json);
  const std::string_view inside = json.substr(1, json.size() - 2);
  if (inside.find('\\') == std::string_view::npos) return same_scalar(wanted, inside);
  const auto text = fields.string(member.name);
  return text.ok() && text->has_value() && same_scalar(wanted, **text);
}

}  // namespace coffer::policy
