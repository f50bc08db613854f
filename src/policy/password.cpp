#include "coffer/policy/password.h"

#include <algorithm>
#include <charconv>

#include "tree.h"

namespace coffer::policy {
namespace {

constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kDigits = "0123456789";

/// A character that stood twice would come twice as often as the others.
std::string each_once(std::string characters) {
  std::sort(characters.begin(), characters.end());
  characters.erase(std::unique(characters.begin(), characters.end()), characters.end());
  return characters;
}

Error must_be(const Item& item, std::string_view wanted) {
  return wrong(item.line, quoted(item.keys.front()) + " must be " + std::string(wanted));
}

Result<void> check_plain(const Item& item, bool& seen) {
  if (item.keys.size() != 1) return must_be(item, "a plain value");
  if (seen) return wrong(item.line, quoted(item.keys.front()) + " is given twice");
  seen = true;
  return {};
}

Result<std::size_t> number_of(const Item& item, std::size_t least, std::size_t most) {
  const std::string& text = item.value.text;
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole =
      item.value.kind == Kind::number && error == std::errc() && end == text.data() + text.size();
  if (whole && value >= least && value <= most) return value;
  return must_be(item,
                 "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
}

Result<std::string> charset_of(const Item& item) {
  const std::string& text = item.value.text;
  if (item.value.kind != Kind::string || text.empty()) {
    return must_be(item, "a string of characters to choose from");
  }
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; })) {
    return must_be(item, "of printable ASCII characters");
  }
  return each_once(text);
}

Result<CharacterRule> read_rule(const Item& item) {
  if (item.keys.size() != 2 || item.value.kind != Kind::object) {
    return wrong(item.line, "a rule is written as rule \"charset\" { }");
  }
  if (item.keys[1] != "charset") {
    return wrong(item.line, "unknown rule " + quoted(item.keys[1]) + ": wanted is charset");
  }
  CharacterRule rule;
  bool has_charset = false;
  bool has_min = false;
  for (const Item& part : item.value.items) {
    if (part.keys.front() == "charset") {
      COFFER_CHECK(check_plain(part, has_charset));
      COFFER_TRY(rule.charset, charset_of(part));
    } else if (part.keys.front() == "min-chars") {
      COFFER_CHECK(check_plain(part, has_min));
      COFFER_TRY(rule.min_chars, number_of(part, 0, kMaxPasswordLength));
    } else {
      return wrong(part.line, "unknown key " + quoted(part.keys.front()) +
                                  ": wanted are charset and min-chars");
    }
  }
  if (!has_charset) return wrong(item.line, "a rule without \"charset\"");
  return rule;
}

/// Of all rules together. Their minima are added up as if no character could serve two of them, as
/// Vault does.
Result<PasswordPolicy> finished(PasswordPolicy policy) {
  if (policy.length == 0) return wrong(0, "\"length\" is missing");
  if (policy.rules.empty()) return wrong(0, "there is no rule \"charset\"");
  std::size_t minima = 0;
  for (const CharacterRule& rule : policy.rules) {
    minima += rule.min_chars;
    policy.charset += rule.charset;
  }
  if (minima > policy.length) {
    return wrong(0, "the rules ask for " + std::to_string(minima) + " characters, \"length\" is " +
                        std::to_string(policy.length));
  }
  policy.charset = each_once(std::move(policy.charset));
  return policy;
}

}  // namespace

bool PasswordPolicy::met_by(std::string_view password) const {
  return std::all_of(rules.begin(), rules.end(), [password](const CharacterRule& rule) {
    const auto found = std::count_if(password.begin(), password.end(), [&rule](char c) {
      return rule.charset.find(c) != std::string::npos;
    });
    return static_cast<std::size_t>(found) >= rule.min_chars;
  });
}

const PasswordPolicy& default_password_policy() {
  static const PasswordPolicy policy{
      20,
      {{std::string(kUpper), 1}, {std::string(kLower), 1}, {std::string(kDigits), 1}, {"-", 1}},
      each_once(std::string(kUpper).append(kLower).append(kDigits).append("-"))};
  return policy;
}

Result<PasswordPolicy> parse_password_policy(std::string_view text) {
  COFFER_TRY(const Node tree, read_tree(text, "rule"));
  PasswordPolicy policy;
  bool has_length = false;
  for (const Item& item : tree.items) {
    const std::string& key = item.keys.front();
    if (key == "length") {
      COFFER_CHECK(check_plain(item, has_length));
      COFFER_TRY(policy.length, number_of(item, kMinPasswordLength, kMaxPasswordLength));
    } else if (key == "rule") {
      if (policy.rules.size() == kMaxPasswordRules) return wrong(item.line, "over 100 rules");
      COFFER_TRY(CharacterRule rule, read_rule(item));
      policy.rules.push_back(std::move(rule));
    } else {
      return wrong(item.line, "unknown key " + quoted(key) + ": wanted are length and rule");
    }
  }
  return finished(std::move(policy));
}

}  // namespace coffer::policy
