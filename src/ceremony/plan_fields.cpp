#include "plan_fields.h"

#include <algorithm>

#include "coffer/base/terminal.h"

namespace coffer::ceremony {
namespace {

constexpr std::size_t kShownName = 64;

/// Of a name that anyone may have written: what can stand in an error.
std::string shown(std::string_view name) {
  std::string out(name.substr(0, kShownName));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < ' ' || c > '~' || c == '"'; }, '?');
  return out;
}

/// A plan is known by its hash, which is compared beside it on the screen and on paper.
constexpr std::string_view kUnreadable =
    "must be a line that can be read: no control characters, nothing that isn't seen";
bool is_readable(const std::string& text) { return for_terminal(text) == text; }

}  // namespace

Result<PlanFields> PlanFields::parse(std::string text) {
  auto fields = model::Fields::parse(std::move(text));
  if (fields.ok()) return PlanFields(*std::move(fields), {});
  return make_error(ErrorCode::invalid_argument,
                    "the plan isn't one JSON object: " + fields.error().text);
}

std::string PlanFields::full(std::string_view name) const {
  return path_.empty() ? shown(name) : path_ + "." + shown(name);
}

Error PlanFields::wrong(std::string_view name, std::string_view what) const {
  return make_error(ErrorCode::invalid_argument,
                    "field \"" + full(name) + "\" " + std::string(what));
}

Result<void> PlanFields::only(std::initializer_list<std::string_view> names) const {
  for (const std::string_view name : fields_.names()) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      return wrong(name, "isn't known");
    }
  }
  return {};
}

std::vector<std::string> PlanFields::names() const {
  const auto views = fields_.names();
  return {views.begin(), views.end()};
}

Result<std::string_view> PlanFields::json(std::string_view name) const {
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const auto member = fields_.member(i);
    if (member.name == name && member.json != "null") return member.json;
  }
  return wrong(name, "is missing");
}

Result<std::string> PlanFields::text(std::string_view name) const {
  COFFER_TRY(const std::string_view raw, json(name));
  auto value = fields_.string(name);
  if (!raw.starts_with('"') || !value.ok() || !*value) return wrong(name, "must be a string");
  if (!is_readable(**value)) return wrong(name, kUnreadable);
  return std::move(**value);
}

Result<std::string> PlanFields::text_or(std::string_view name, std::string_view other) const {
  if (!has(name)) return std::string(other);
  return text(name);
}

Result<std::uint32_t> PlanFields::number(std::string_view name) const {
  COFFER_TRY(const std::string_view raw, json(name));
  const auto value = fields_.integer(name);
  if (raw.starts_with('"') || !value.ok() || !*value || **value < 1 || **value > 1'000'000) {
    return wrong(name, "must be a number from 1 to 1000000");
  }
  return static_cast<std::uint32_t>(**value);
}

Result<std::vector<std::string>> PlanFields::list(std::string_view name) const {
  COFFER_TRY(const std::string_view raw, json(name));
  auto value = fields_.strings(name);
  if (!raw.starts_with('[') || !value.ok() || !*value) {
    return wrong(name, "must be an array of strings");
  }
  if (!std::all_of((*value)->begin(), (*value)->end(), is_readable)) {
    return wrong(name, kUnreadable);
  }
  return std::move(**value);
}

Result<PlanFields> PlanFields::object(std::string_view name) const {
  COFFER_TRY(const std::string_view raw, json(name));
  auto value = fields_.object(name);
  if (!raw.starts_with('{') || !value.ok() || !*value) return wrong(name, "must be an object");
  return PlanFields(std::move(**value), full(name));
}

Result<std::string> PlanFields::scalar(std::string_view name) const {
  COFFER_TRY(const std::string_view raw, json(name));
  if (raw.starts_with('"')) return text(name);
  if (raw.starts_with('{') || raw.starts_with('[')) {
    return wrong(name, "must be a string, a number, true or false");
  }
  return std::string(raw);
}

}  // namespace coffer::ceremony
