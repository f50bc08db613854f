#include "script.h"

#include <algorithm>
#include <charconv>

namespace coffer::p11_fault {
namespace {

constexpr std::string_view kBlank = " \t\r";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

/// Takes the part before `separator`, or all that is left.
std::string_view take(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view part = trimmed(rest.substr(0, end));
  rest = end == rest.size() ? std::string_view() : trimmed(rest.substr(end + 1));
  return part;
}

bool number(std::string_view text, std::uint64_t& out) {
  const int base = text.starts_with("0x") ? 16 : 10;
  if (base == 16) text.remove_prefix(2);
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return failed == std::errc() && end == text.data() + text.size();
}

bool functions(std::string_view names, Rule& rule) {
  if (names == "*") {
    rule.functions = ~std::uint64_t{0};
    return true;
  }
  while (!names.empty()) {
    const auto function = function_of(take(names, ','));
    if (!function) return false;
    rule.functions |= std::uint64_t{1} << static_cast<unsigned>(*function);
  }
  return rule.functions != 0;
}

bool when(std::string_view text, Rule& rule) {
  if (text.empty()) return true;
  const std::string_view word = take(text, ' ');
  if (word == "nth") {
    if (!number(text, rule.from)) return false;
    rule.to = rule.from;
    return true;
  }
  if (word == "every") return number(text, rule.every) && rule.every != 0;
  if (word != "from" || !number(take(text, ' '), rule.from)) return false;
  return text.empty() || (take(text, ' ') == "to" && number(text, rule.to));
}

bool flags(std::string_view names, Rule& rule) {
  constexpr std::pair<std::string_view, CK_FLAGS> kFlags[] = {
      {"COUNT_LOW", CKF_USER_PIN_COUNT_LOW},
      {"FINAL_TRY", CKF_USER_PIN_FINAL_TRY},
      {"LOCKED", CKF_USER_PIN_LOCKED},
      {"TO_BE_CHANGED", CKF_USER_PIN_TO_BE_CHANGED}};
  while (!names.empty()) {
    const std::string_view name = take(names, ',');
    const auto* const found = std::find_if(std::begin(kFlags), std::end(kFlags),
                                           [name](const auto& each) { return each.first == name; });
    if (found == std::end(kFlags)) return false;
    rule.number |= found->second;
  }
  return rule.number != 0;
}

bool attribute(std::string_view text, Rule& rule) {
  if (!number(take(text, ' '), rule.number) || text.empty() || text.size() % 2 != 0) return false;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    std::uint8_t byte = 0;
    const auto [end, failed] = std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
    if (failed != std::errc() || end != text.data() + i + 2) return false;
    rule.text.push_back(static_cast<char>(byte));
  }
  return true;
}

bool return_value(std::string_view name, Rule& rule) {
  const auto rv = rv_of(name);
  if (rv) rule.number = *rv;
  return rv.has_value();
}

bool effect(std::string_view text, Rule& rule) {
  struct Named {
    std::string_view name;
    Effect effect;
    enum { nothing, count, other } argument;
  };
  constexpr Named kEffects[] = {{"after", Effect::fail_after, Named::other},
                                {"delay", Effect::delay, Named::count},
                                {"hang", Effect::hang, Named::nothing},
                                {"stuck", Effect::stuck, Named::other},
                                {"crash", Effect::crash, Named::nothing},
                                {"sigpipe", Effect::sigpipe, Named::nothing},
                                {"short", Effect::short_output, Named::count},
                                {"garble", Effect::garble, Named::nothing},
                                {"zero", Effect::zero, Named::nothing},
                                {"none", Effect::none, Named::nothing},
                                {"serial", Effect::serial, Named::other},
                                {"flags", Effect::flags, Named::other},
                                {"sessions", Effect::sessions, Named::count},
                                {"labels", Effect::labels, Named::count},
                                {"attribute", Effect::attribute, Named::other},
                                {"iv-appended", Effect::iv_appended, Named::nothing},
                                {"iv-written-back", Effect::iv_written_back, Named::nothing}};
  std::string_view argument = text;
  const std::string_view name = take(argument, ' ');
  const auto* const found = std::find_if(std::begin(kEffects), std::end(kEffects),
                                         [name](const Named& each) { return each.name == name; });
  if (found == std::end(kEffects)) {
    rule.effect = Effect::fail;
    return argument.empty() && return_value(name, rule);
  }
  rule.effect = found->effect;
  if (found->argument == Named::nothing) return argument.empty();
  if (found->argument == Named::count) return number(argument, rule.number);
  if (rule.effect == Effect::fail_after) return return_value(argument, rule);
  if (rule.effect == Effect::flags) return flags(argument, rule);
  if (rule.effect == Effect::attribute) return attribute(argument, rule);
  rule.text = argument;
  return !argument.empty();
}

bool rule_line(std::string_view line, Script& script) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || script.rules.size() == kMaxRules) return false;
  std::string_view head = trimmed(line.substr(0, colon));
  Rule rule;
  if (!functions(take(head, ' '), rule) || !when(head, rule)) return false;
  if (!effect(trimmed(line.substr(colon + 1)), rule)) return false;
  script.rules.push_back(std::move(rule));
  return true;
}

bool path_line(std::string_view line, std::string_view word, std::string& out) {
  if (!line.starts_with(word)) return false;
  out = trimmed(line.substr(word.size()));
  return true;
}

}  // namespace

Script parse_script(std::string_view text) {
  Script script;
  while (!text.empty()) {
    std::string_view line = take(text, '\n');
    line = trimmed(line.substr(0, line.find('#')));
    if (line.empty() || path_line(line, "module ", script.module) ||
        path_line(line, "counts ", script.counts)) {
      continue;
    }
    if (!rule_line(line, script) && script.problem.empty()) script.problem = line;
  }
  return script;
}

}  // namespace coffer::p11_fault
