// Short words for tests: policies by their text, questions by operation and path.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "coffer/policy/policy.h"

namespace coffer::policy {

using model::Operation;

inline constexpr Operation kAllOperations[] = {
    Operation::read,   Operation::list,  Operation::scan,   Operation::create,
    Operation::update, Operation::patch, Operation::remove, Operation::help};

inline constexpr WallTime kNow{std::chrono::seconds(1'800'000'000)};  // 2027-01-15T08:00:00Z

/// Named "p0", "p1", … in the order given.
inline std::shared_ptr<const Acl> acl_of(const std::vector<std::string>& texts,
                                         WallTime now = kNow) {
  std::vector<PolicyPtr> policies;
  for (const std::string& text : texts) {
    auto policy = parse("p" + std::to_string(policies.size()), text);
    EXPECT_TRUE(policy.ok()) << policy.error().text << "\n" << text;
    if (policy.ok()) policies.push_back(*std::move(policy));
  }
  return Acl::build(policies, now);
}

/// `path "…" { capabilities = [words] }`
inline std::string stanza(std::string_view path, std::string_view words,
                          std::string_view more = {}) {
  std::string text("path \"");
  text.append(path).append("\" {\n  capabilities = [");
  for (std::size_t at = 0; at < words.size();) {
    const std::size_t end = std::min(words.find(' ', at), words.size());
    text.append("\"").append(words.substr(at, end - at)).append("\", ");
    at = end + 1;
  }
  return text.append("]\n").append(more).append("\n}\n");
}

inline model::Decision ask(const Acl& acl, Operation operation, std::string_view path,
                           const model::Fields* parameters = nullptr) {
  return acl.decide({.operation = operation, .path = path, .parameters = parameters});
}

inline bool may(const Acl& acl, Operation operation, std::string_view path) {
  return ask(acl, operation, path).allowed;
}

inline bool may_with(const Acl& acl, Operation operation, std::string_view path,
                     const std::string& json) {
  const auto fields = model::Fields::parse(json);
  EXPECT_TRUE(fields.ok()) << json;
  return ask(acl, operation, path, &*fields).allowed;
}

/// The path of the rule that decided.
inline std::string rule_of(const Acl& acl, Operation operation, std::string_view path) {
  return std::string(ask(acl, operation, path).rule);
}

inline std::string error_of(std::string_view text) {
  const auto policy = parse("p", text);
  EXPECT_FALSE(policy.ok()) << text;
  return policy.ok() ? "" : policy.error().text;
}

}  // namespace coffer::policy
