#include "parameters.h"

#include <algorithm>

#include "parameter_value.h"

namespace coffer::policy {
namespace {

constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// `name` is in lower case already, `asked` in any.
int compare(std::string_view name, std::string_view asked) noexcept {
  const std::size_t shared = std::min(name.size(), asked.size());
  for (std::size_t i = 0; i < shared; ++i) {
    const auto a = static_cast<unsigned char>(name[i]);
    const auto b = static_cast<unsigned char>(lower(asked[i]));
    if (a != b) return a < b ? -1 : 1;
  }
  if (name.size() == asked.size()) return 0;
  return name.size() < asked.size() ? -1 : 1;
}

bool has_value(const Parameter& parameter, const model::Fields& fields,
               const model::Fields::MemberView& member) {
  if (parameter.values.empty()) return true;
  return std::any_of(parameter.values.begin(), parameter.values.end(),
                     [&](const ParameterValue& value) { return equals(value, fields, member); });
}

bool denied(const ParameterMap& rules, const model::Fields& fields) {
  if (rules.find("*") != nullptr) return true;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto member = fields.member(i);
    const Parameter* parameter = rules.find(member.name);
    if (parameter != nullptr && has_value(*parameter, fields, member)) return true;
  }
  return false;
}

bool allowed(const ParameterMap& rules, const model::Fields& fields) {
  const bool any = rules.find("*") != nullptr;
  if (any && rules.size() == 1) return true;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto member = fields.member(i);
    const Parameter* parameter = rules.find(member.name);
    if (parameter == nullptr && !any) return false;
    if (parameter != nullptr && !has_value(*parameter, fields, member)) return false;
  }
  return true;
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

const Parameter* ParameterMap::find(std::string_view name) const noexcept {
  const auto found = std::lower_bound(
      parameters_.begin(), parameters_.end(), name,
      [](const Parameter& a, std::string_view b) { return compare(a.name, b) < 0; });
  if (found == parameters_.end() || compare(found->name, name) != 0) return nullptr;
  return &*found;
}

bool ParameterMap::add(Parameter parameter) {
  const auto place =
      std::lower_bound(parameters_.begin(), parameters_.end(), parameter,
                       [](const Parameter& a, const Parameter& b) { return a.name < b.name; });
  if (place != parameters_.end() && place->name == parameter.name) return false;
  parameters_.insert(place, std::move(parameter));
  return true;
}

void ParameterMap::merge(const ParameterMap& other) {
  for (const Parameter& theirs : other.parameters_) {
    if (add(theirs)) continue;
    const auto ours =
        std::find_if(parameters_.begin(), parameters_.end(),
                     [&](const Parameter& parameter) { return parameter.name == theirs.name; });
    if (theirs.values.empty() || ours->values.empty()) {
      ours->values.clear();
    } else {
      ours->values.insert(ours->values.end(), theirs.values.begin(), theirs.values.end());
    }
  }
}

void ParameterRules::merge(const ParameterRules& other) {
  allowed.merge(other.allowed);
  denied.merge(other.denied);
  for (const std::string& name : other.required) {
    if (std::find(required.begin(), required.end(), name) == required.end()) {
      required.push_back(name);
    }
  }
}

const char* refusal(const ParameterRules& rules, const model::Fields* parameters) {
  static const model::Fields kNone;
  const model::Fields& fields = parameters == nullptr ? kNone : *parameters;
  for (const std::string& name : rules.required) {
    if (!fields.has(name)) return "a parameter of required_parameters is missing";
  }
  if (fields.empty()) return nullptr;
  if (!rules.denied.empty() && denied(rules.denied, fields)) {
    return "a parameter is refused by denied_parameters";
  }
  if (!rules.allowed.empty() && !allowed(rules.allowed, fields)) {
    return "a parameter isn't among allowed_parameters, or its value isn't";
  }
  return nullptr;
}

}  // namespace coffer::policy
