// Policies and questions made of bytes, and the real decision held against the reference: for
// rapidcheck, which shrinks bytes, and for the fuzzer, which has nothing else.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/policy/policy.h"
#include "fakes/policy_reference.h"

namespace coffer::fakes {

/// Bytes as choices; zeros once they are used up.
class Choices final {
 public:
  explicit Choices(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  std::size_t below(std::size_t bound) {
    if (at_ == bytes_.size()) return 0;
    return bytes_[at_++] % bound;
  }
  bool one_in(std::size_t n) { return below(n) == n - 1; }
  template <std::size_t N>
  std::string of(const char* const (&words)[N]) {
    return words[below(N)];
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
};

struct PolicyCase {
  std::vector<reference::Policy> policies;
  std::vector<reference::Question> questions;
};

// Few words, so that rules meet each other and paths meet rules.
inline constexpr const char* kRuleSegments[] = {"a", "+", "b", "ab", "a+", "+b", "", "*", "A"};
inline constexpr const char* kRuleEnds[] = {"", "*", "/*", "/", "/+", "/+/*", "/a*"};
inline constexpr const char* kPathSegments[] = {"a", "b", "ab", "abc", "a+", "+b", "+", "*", "A"};
inline constexpr const char* kWords[] = {"read", "list", "update", "create", "patch",
                                         "scan", "sudo", "delete", "deny"};
inline constexpr const char* kOperations[] = {"read",   "list",  "scan",   "create",
                                              "update", "patch", "delete", "help"};
inline constexpr const char* kNames[] = {"k", "m", "*"};
inline constexpr const char* kValues[] = {"x", "y*", "*y", "*x*", "*", "**", ""};
inline constexpr const char* kFields[] = {"k", "K", "m", "n"};
inline constexpr const char* kFieldValues[] = {"x", "y", "xy", "yx", "*", ""};

inline std::string path_of(Choices& choices, bool rule) {
  std::string path;
  for (std::size_t segments = 1 + choices.below(3); segments > 0; --segments) {
    if (!path.empty()) path += '/';
    path += rule ? choices.of(kRuleSegments) : choices.of(kPathSegments);
  }
  if (rule) return path + choices.of(kRuleEnds);
  return choices.one_in(3) ? path + '/' : path;
}

inline reference::Parameters parameters_of(Choices& choices) {
  reference::Parameters parameters;
  for (std::size_t names = choices.below(3); names > 0; --names) {
    auto& values = parameters[choices.of(kNames)];
    for (std::size_t count = choices.below(3); count > 0; --count) {
      values.push_back(choices.of(kValues));
    }
  }
  return parameters;
}

/// `earlier`: the path of another stanza, to be met again now and then.
inline reference::Stanza stanza_of(Choices& choices, const std::string& earlier) {
  reference::Stanza stanza;
  stanza.path = !earlier.empty() && choices.one_in(4) ? earlier : path_of(choices, true);
  // One slash at the front is stripped, and "+*" is refused: other tests see to that.
  if (stanza.path.starts_with('/')) stanza.path = "a";
  if (stanza.path.find("+*") != std::string::npos) stanza.path = "+";
  for (std::size_t words = choices.below(5); words > 0; --words) {
    stanza.capabilities.insert(kWords[choices.below(choices.one_in(4) ? 9 : 8)]);
  }
  stanza.expired = choices.one_in(16);
  if (!choices.one_in(2)) return stanza;
  stanza.allowed = parameters_of(choices);
  stanza.denied = parameters_of(choices);
  if (choices.one_in(3)) stanza.required.insert("k");
  if (choices.one_in(3)) stanza.min_wrapping = 10;
  if (choices.one_in(3)) stanza.max_wrapping = 10 * (1 + static_cast<int>(choices.below(3)));
  return stanza;
}

inline reference::Question question_of(Choices& choices, const std::string& rule) {
  reference::Question question;
  question.operation = choices.of(kOperations);
  // As often as not where a rule surely says something.
  question.path = !rule.empty() && choices.one_in(2) ? rule : path_of(choices, false);
  for (std::size_t fields = choices.below(3); fields > 0; --fields) {
    question.parameters[choices.of(kFields)] = choices.of(kFieldValues);
  }
  if (choices.one_in(3)) question.wrap_ttl = 5 * (1 + static_cast<int>(choices.below(8)));
  question.sudo = choices.one_in(6);
  return question;
}

inline PolicyCase case_of(std::span<const std::uint8_t> bytes) {
  Choices choices(bytes);
  PolicyCase made;
  std::vector<std::string> paths(1);
  for (std::size_t policies = 1 + choices.below(3); policies > 0; --policies) {
    auto& policy = made.policies.emplace_back();
    for (std::size_t stanzas = choices.below(8); stanzas > 0; --stanzas) {
      policy.push_back(stanza_of(choices, paths[choices.below(paths.size())]));
      paths.push_back(policy.back().path);
    }
  }
  for (int i = 0; i < 12; ++i) {
    made.questions.push_back(question_of(choices, paths[choices.below(paths.size())]));
  }
  return made;
}

// As text, so that the parser is held to it too

inline std::string list_of(const auto& words) {
  std::string text("[");
  for (const std::string& word : words) text += "\"" + word + "\", ";
  return text + "]";
}

inline std::string text_of(const reference::Parameters& parameters) {
  std::string text("{");
  for (const auto& [name, values] : parameters) text += " \"" + name + "\" = " + list_of(values);
  return text + " }";
}

inline std::string text_of(const reference::Policy& policy) {
  std::string text;
  for (const reference::Stanza& stanza : policy) {
    text += "path \"" + stanza.path + "\" {\n";
    text += "  capabilities = " + list_of(stanza.capabilities) + "\n";
    text += "  allowed_parameters = " + text_of(stanza.allowed) + "\n";
    text += "  denied_parameters = " + text_of(stanza.denied) + "\n";
    text += "  required_parameters = " + list_of(stanza.required) + "\n";
    text += "  min_wrapping_ttl = " + std::to_string(stanza.min_wrapping) + "\n";
    text += "  max_wrapping_ttl = " + std::to_string(stanza.max_wrapping) + "\n";
    if (stanza.expired) text += "  expiration = \"2001-01-01T00:00:00Z\"\n";
    text += "}\n";
  }
  return text;
}

inline model::Operation operation_of(std::string_view word) {
  for (const auto operation :
       {model::Operation::read, model::Operation::list, model::Operation::scan,
        model::Operation::create, model::Operation::update, model::Operation::patch,
        model::Operation::remove}) {
    if (to_string(operation) == word) return operation;
  }
  return model::Operation::help;
}

inline std::string describe(const PolicyCase& made, const reference::Question& question,
                            std::string_view what) {
  std::string text(what);
  text += ": " + question.operation + " \"" + question.path + "\"";
  for (const auto& [name, value] : question.parameters) text += " " + name + "=" + value;
  if (question.wrap_ttl) text += " wrapped " + std::to_string(*question.wrap_ttl);
  if (question.sudo) text += " sudo";
  for (const reference::Policy& policy : made.policies) text += "\n---\n" + text_of(policy);
  return text;
}

inline std::string hold_question(const PolicyCase& made, const policy::Acl& acl,
                                 const std::map<std::string, reference::Stanza>& rules,
                                 const reference::Question& question) {
  model::Fields fields;
  for (const auto& [name, value] : question.parameters) fields.set(name, value);
  policy::Query query{.operation = operation_of(question.operation),
                      .path = question.path,
                      .parameters = &fields,
                      .sudo = question.sudo};
  if (question.wrap_ttl) query.wrap_ttl = std::chrono::seconds(*question.wrap_ttl);

  const reference::Answer wanted = reference::decide(rules, question);
  const auto decision = acl.decide(query);
  if (decision.allowed != wanted.allowed) return describe(made, question, "allowed or not");
  if (decision.rule != wanted.rule) return describe(made, question, "another rule");
  if (decision.why.empty()) return describe(made, question, "no reason");
  const auto explanation = acl.explain(query);
  if (explanation.decision.allowed != wanted.allowed) {
    return describe(made, question, "explained as something else");
  }
  const std::string explained =
      explanation.candidates.empty() ? "" : explanation.candidates.front().path;
  if (explained != wanted.rule) return describe(made, question, "explained by another rule");
  const std::string place = question.path.substr(0, question.path.size() / 2);
  if (question.operation != "help" && wanted.allowed && !acl.any_access_below(place)) {
    return describe(made, question, "no access below " + place);
  }
  return {};
}

/// Empty if both agree; else what about.
inline std::string disagreement(const PolicyCase& made) {
  std::vector<policy::PolicyPtr> policies;
  for (const reference::Policy& policy : made.policies) {
    auto parsed = policy::parse("p", text_of(policy));
    if (!parsed.ok()) return parsed.error().text + "\n" + text_of(policy);
    policies.push_back(*std::move(parsed));
  }
  const auto acl = policy::Acl::build(policies, WallTime(std::chrono::seconds(1'800'000'000)));
  const auto rules = reference::table(made.policies);
  for (const reference::Question& question : made.questions) {
    std::string found = hold_question(made, *acl, rules, question);
    if (!found.empty()) return found;
  }
  return {};
}

}  // namespace coffer::fakes
