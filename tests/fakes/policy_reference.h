// Vault's rules for policies, written down as the documents tell them, with no regard to speed and
// without a look at src/policy: sets, lists and sentences. What it says, the real thing must say.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace coffer::fakes::reference {

/// Names to the values that they may have; no values: any.
using Parameters = std::map<std::string, std::vector<std::string>>;

struct Stanza {
  std::string path;
  std::set<std::string> capabilities;
  Parameters allowed;
  Parameters denied;
  std::set<std::string> required;
  int min_wrapping = 0;  // seconds; 0: none
  int max_wrapping = 0;
  bool expired = false;
};

using Policy = std::vector<Stanza>;

struct Question {
  std::string operation;  // Vault's word
  std::string path;
  std::map<std::string, std::string> parameters;
  std::optional<int> wrap_ttl;
  bool sudo = false;
};

struct Answer {
  bool allowed = false;
  std::string rule;  // empty: none
};

// What a pattern is

inline std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> parts(1);
  for (const char c : path) {
    if (c == '/') {
      parts.emplace_back();
    } else {
      parts.back().push_back(c);
    }
  }
  return parts;
}

inline bool starts(const std::string& text, const std::string& with) {
  return text.substr(0, with.size()) == with;
}

inline bool has_plus(const std::string& path) {
  return path == "+" || starts(path, "+/") || path.find("/+") != std::string::npos;
}

inline bool has_star(const std::string& path) { return !path.empty() && path.back() == '*'; }
inline bool is_exact(const std::string& path) { return !has_plus(path) && !has_star(path); }
inline bool is_prefix(const std::string& path) { return !has_plus(path) && has_star(path); }

inline std::string without_star(const std::string& path) {
  return has_star(path) ? path.substr(0, path.size() - 1) : path;
}

inline bool matches(const std::string& rule, const std::string& path) {
  if (is_exact(rule)) return rule == path;
  if (is_prefix(rule)) return starts(path, without_star(rule));
  const std::vector<std::string> wanted = split(without_star(rule));
  const std::vector<std::string> given = split(path);
  if (given.size() < wanted.size()) return false;
  if (!has_star(rule) && given.size() != wanted.size()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const bool last = i + 1 == wanted.size();
    const bool fits = wanted[i] == "+" || wanted[i] == given[i] ||
                      (has_star(rule) && last && starts(given[i], wanted[i]));
    if (!fits) return false;
  }
  return true;
}

// Which of two patterns is the better one: section 9.3, (a) to (e)

inline std::size_t first_wildcard(const std::string& rule) {
  return has_plus(rule) ? rule.find('+') : rule.find_last_of('*');
}

inline std::size_t pluses(const std::string& rule) {
  if (!has_plus(rule)) return 0;
  const auto parts = split(without_star(rule));
  return static_cast<std::size_t>(std::count(parts.begin(), parts.end(), "+"));
}

inline bool better(const std::string& a, const std::string& b) {
  if (first_wildcard(a) != first_wildcard(b)) return first_wildcard(a) > first_wildcard(b);
  if (has_star(a) != has_star(b)) return has_star(b);
  if (pluses(a) != pluses(b)) return pluses(a) < pluses(b);
  const std::string bare_a = without_star(a);
  const std::string bare_b = without_star(b);
  if (bare_a.size() != bare_b.size()) return bare_a.size() > bare_b.size();
  return bare_a > bare_b;
}

// What all policies say about one path, section 9.2

inline void join_parameters(Parameters& into, const Parameters& from) {
  for (const auto& [name, values] : from) {
    const auto there = into.find(name);
    if (there == into.end()) {
      into[name] = values;
    } else if (values.empty() || there->second.empty()) {
      there->second.clear();
    } else {
      for (const std::string& value : values) there->second.push_back(value);
    }
  }
}

inline int smaller(int a, int b) {
  if (a == 0 || b == 0) return a + b;
  return std::min(a, b);
}

inline std::map<std::string, Stanza> table(const std::vector<Policy>& policies) {
  std::map<std::string, Stanza> merged;
  std::set<std::string> denied;
  for (const Policy& policy : policies) {
    for (const Stanza& stanza : policy) {
      if (stanza.expired) continue;
      const bool deny = stanza.capabilities.count("deny") != 0;
      if (deny) denied.insert(stanza.path);
      Stanza& whole = merged[stanza.path];
      whole.path = stanza.path;
      if (deny) continue;
      whole.capabilities.insert(stanza.capabilities.begin(), stanza.capabilities.end());
      whole.required.insert(stanza.required.begin(), stanza.required.end());
      whole.min_wrapping = smaller(whole.min_wrapping, stanza.min_wrapping);
      whole.max_wrapping = smaller(whole.max_wrapping, stanza.max_wrapping);
      join_parameters(whole.allowed, stanza.allowed);
      join_parameters(whole.denied, stanza.denied);
    }
  }
  for (const std::string& path : denied) {
    merged[path] = Stanza{};
    merged[path].path = path;
    merged[path].capabilities = {"deny"};
  }
  return merged;
}

// Which rule decides, section 9.3

inline const Stanza* best_pattern(const std::map<std::string, Stanza>& rules,
                                  const std::string& path) {
  const Stanza* longest_prefix = nullptr;
  std::vector<const Stanza*> candidates;
  for (const auto& [rule, stanza] : rules) {
    if (is_exact(rule) || !matches(rule, path)) continue;
    if (has_plus(rule)) {
      candidates.push_back(&stanza);
    } else if (longest_prefix == nullptr || rule.size() > longest_prefix->path.size()) {
      longest_prefix = &stanza;
    }
  }
  if (longest_prefix != nullptr) candidates.push_back(longest_prefix);
  const Stanza* best = nullptr;
  for (const Stanza* candidate : candidates) {
    if (best == nullptr || better(candidate->path, best->path)) best = candidate;
  }
  return best;
}

inline const Stanza* choose(const std::map<std::string, Stanza>& rules,
                            const std::string& operation, const std::string& path) {
  const bool folder = operation == "list" || operation == "scan";
  const bool slash = folder && !path.empty() && path.back() == '/';
  const std::string bare = slash ? path.substr(0, path.size() - 1) : path;
  if (rules.count(path) != 0 && is_exact(path)) return &rules.at(path);
  if (slash && rules.count(bare) != 0 && is_exact(bare)) return &rules.at(bare);
  if (const Stanza* found = best_pattern(rules, path); found != nullptr) return found;
  return slash ? best_pattern(rules, bare) : nullptr;
}

// What it says, section 9.4

inline std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return text;
}

inline bool value_fits(const std::string& wanted, const std::string& value) {
  const bool front = wanted.size() > 1 && wanted.front() == '*';
  const bool back = wanted.size() > 1 && wanted.back() == '*';
  std::string middle = wanted;
  if (front) middle = middle.substr(1);
  if (back) middle = middle.substr(0, middle.size() - 1);
  if (front && back) return value.find(middle) != std::string::npos;
  if (back) return starts(value, middle);
  if (front) {
    return value.size() >= middle.size() && value.substr(value.size() - middle.size()) == middle;
  }
  return wanted == value;
}

inline bool any_fits(const std::vector<std::string>& wanted, const std::string& value) {
  if (wanted.empty()) return true;
  return std::any_of(wanted.begin(), wanted.end(),
                     [&](const std::string& one) { return value_fits(one, value); });
}

inline bool parameters_pass(const Stanza& rule, const Question& question) {
  for (const std::string& name : rule.required) {
    if (question.parameters.count(lower(name)) == 0) return false;
  }
  for (const auto& [name, value] : question.parameters) {
    if (rule.denied.count("*") != 0) return false;
    const auto denied = rule.denied.find(lower(name));
    if (denied != rule.denied.end() && any_fits(denied->second, value)) return false;
  }
  if (rule.allowed.empty()) return true;
  const bool star = rule.allowed.count("*") != 0;
  if (star && rule.allowed.size() == 1) return true;
  for (const auto& [name, value] : question.parameters) {
    const auto allowed = rule.allowed.find(lower(name));
    if (allowed == rule.allowed.end() && !star) return false;
    if (allowed != rule.allowed.end() && !any_fits(allowed->second, value)) return false;
  }
  return true;
}

inline Answer decide(const std::map<std::string, Stanza>& rules, const Question& question) {
  if (question.operation == "help") return {true, ""};
  const Stanza* rule = choose(rules, question.operation, question.path);
  if (rule == nullptr) return {false, ""};
  const auto has = [rule](const std::string& word) { return rule->capabilities.count(word) != 0; };
  const std::string& asked = question.operation;
  bool allowed = !has("deny") && has(asked);
  if (rule->max_wrapping != 0) {
    allowed = allowed && question.wrap_ttl && *question.wrap_ttl <= rule->max_wrapping;
  }
  if (rule->min_wrapping != 0) {
    allowed = allowed && question.wrap_ttl && *question.wrap_ttl >= rule->min_wrapping;
  }
  if (asked == "read" || asked == "create" || asked == "update" || asked == "patch") {
    allowed = allowed && parameters_pass(*rule, question);
  }
  if (question.sudo) allowed = allowed && has("sudo");
  return {allowed, rule->path};
}

}  // namespace coffer::fakes::reference
