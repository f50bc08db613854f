#include "coffer/model/fields.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "check_json.h"
#include "coffer/model/duration.h"
#include "coffer/model/json_writer.h"
#include "json_text.h"

namespace coffer::model {
namespace {

Error wrong_type(std::string_view name, std::string_view wanted) {
  std::string text("field \"");
  text.append(name).append("\" must be ").append(wanted);
  return make_error(ErrorCode::invalid_argument, text);
}

/// `value` is a string's JSON text, with its quotes.
std::string unquoted(std::string_view value) {
  std::string out;
  append_unescaped(out, value.substr(1, value.size() - 2));
  return out;
}

std::optional<std::int64_t> decimal(std::string_view digits) {
  std::int64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, problem] = std::from_chars(digits.data(), end, value);
  if (problem != std::errc{} || stop != end) return std::nullopt;
  return value;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t comma = text.find(',');
    const std::string_view part = trimmed(text.substr(0, comma));
    if (!part.empty()) parts.emplace_back(part);
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

/// The text as it came and where its members stand. Values are decoded when they are asked for: a
/// write to a KV engine hands `data` on unseen.
struct Fields::Parsed {
  std::string text;
  std::vector<Member> members;

  [[nodiscard]] std::string_view value(const Member& member) const {
    return std::string_view(text).substr(member.begin, member.end - member.begin);
  }

  [[nodiscard]] const Member* find(std::string_view name) const {
    const auto found = std::find_if(members.begin(), members.end(),
                                    [&](const Member& member) { return member.name == name; });
    return found == members.end() ? nullptr : &*found;
  }

  void append(std::string_view name, std::string_view json) {
    // Until here the object ends behind its last member, with or without space before the brace.
    text.resize(members.empty() ? 0 : members.back().end);
    text.push_back(members.empty() ? '{' : ',');
    append_json_string(text, name);
    text.push_back(':');
    members.push_back({std::string(name), text.size(), text.size() + json.size()});
    text += json;
    text.push_back('}');
  }
};

namespace {

/// The member's JSON text; empty: absent or null.
template <typename Parsed>
std::string_view value_of(const Parsed* parsed, std::string_view name) {
  if (parsed == nullptr) return {};
  const Member* member = parsed->find(name);
  if (member == nullptr) return {};
  const std::string_view value = parsed->value(*member);
  return value == "null" ? std::string_view{} : value;
}

}  // namespace

Fields::Fields() noexcept = default;
Fields::~Fields() = default;
Fields::Fields(Fields&&) noexcept = default;
Fields& Fields::operator=(Fields&&) noexcept = default;
Fields::Fields(std::unique_ptr<Parsed> parsed) : parsed_(std::move(parsed)) {}

Result<Fields> Fields::parse(std::string text) {
  if (std::all_of(text.begin(), text.end(), is_json_space)) return Fields();
  auto parsed = std::make_unique<Parsed>();
  parsed->text = std::move(text);
  COFFER_TRY(parsed->members, check_json(parsed->text));
  if (parsed->members.empty()) return Fields();
  return Fields(std::move(parsed));
}

void Fields::set(std::string_view name, std::string_view value) {
  remove(name);
  if (parsed_ == nullptr) parsed_ = std::make_unique<Parsed>();
  std::string json;
  append_json_string(json, value);
  parsed_->append(name, json);
}

void Fields::remove(std::string_view name) {
  if (parsed_ == nullptr || parsed_->find(name) == nullptr) return;
  auto kept = std::make_unique<Parsed>();
  for (const Member& member : parsed_->members) {
    if (member.name != name) kept->append(member.name, parsed_->value(member));
  }
  parsed_ = kept->members.empty() ? nullptr : std::move(kept);
}

bool Fields::has(std::string_view name) const { return !value_of(parsed_.get(), name).empty(); }

std::vector<std::string_view> Fields::names() const {
  std::vector<std::string_view> names;
  if (parsed_ == nullptr) return names;
  names.reserve(parsed_->members.size());
  for (const Member& member : parsed_->members) names.emplace_back(member.name);
  return names;
}

bool Fields::empty() const { return parsed_ == nullptr; }

std::size_t Fields::size() const noexcept {
  return parsed_ == nullptr ? 0 : parsed_->members.size();
}

Fields::MemberView Fields::member(std::size_t index) const noexcept {
  const Member& member = parsed_->members[index];
  return {member.name, parsed_->value(member)};
}

Result<std::optional<std::string>> Fields::string(std::string_view name) const {
  const std::string_view value = value_of(parsed_.get(), name);
  if (value.empty()) return std::optional<std::string>();
  if (value.front() != '"') return wrong_type(name, "a string");
  return std::optional(unquoted(value));
}

Result<std::optional<std::int64_t>> Fields::integer(std::string_view name) const {
  const std::string_view value = value_of(parsed_.get(), name);
  if (value.empty()) return std::optional<std::int64_t>();
  const auto number = value.front() == '"' ? decimal(unquoted(value)) : decimal(value);
  if (!number) return wrong_type(name, "an integer");
  return number;
}

Result<std::optional<bool>> Fields::boolean(std::string_view name) const {
  const std::string_view value = value_of(parsed_.get(), name);
  if (value.empty()) return std::optional<bool>();
  if (value == "true" || value == "\"true\"") return std::optional(true);
  if (value == "false" || value == "\"false\"") return std::optional(false);
  return wrong_type(name, "true or false");
}

Result<std::optional<std::chrono::seconds>> Fields::duration(std::string_view name) const {
  const std::string_view value = value_of(parsed_.get(), name);
  if (value.empty()) return std::optional<std::chrono::seconds>();
  // A number is its digits: what else stands there (true, [, {) is refused as they would be.
  const auto parsed = parse_duration(value.front() == '"' ? unquoted(value) : std::string(value));
  if (!parsed.ok()) return wrong_type(name, "a duration: seconds, or a string such as \"1h30m\"");
  return std::optional(*parsed);
}

Result<std::optional<Fields>> Fields::object(std::string_view name) const {
  COFFER_TRY(const auto raw, raw_object(name));
  if (!raw) return std::optional<Fields>();
  COFFER_TRY(Fields inner, parse(std::string(*raw)));
  return std::optional<Fields>(std::move(inner));
}

Result<std::optional<std::vector<std::string>>> Fields::strings(std::string_view name) const {
  using Strings = std::optional<std::vector<std::string>>;
  const std::string_view value = value_of(parsed_.get(), name);
  if (value.empty()) return Strings();
  if (value.front() == '"') return Strings(split_at_commas(unquoted(value)));
  if (value.front() == '[') {
    if (auto elements = scalar_elements(value)) return Strings(*std::move(elements));
  }
  return wrong_type(name, "a list of strings");
}

Result<std::optional<std::string_view>> Fields::raw_object(std::string_view name) const {
  const std::string_view value = value_of(parsed_.get(), name);
  if (value.empty()) return std::optional<std::string_view>();
  if (value.front() != '{') return wrong_type(name, "an object");
  return std::optional(value);
}

std::string Fields::text() const { return parsed_ == nullptr ? "{}" : parsed_->text; }

}  // namespace coffer::model
