#include "redis_rules.h"

#include <algorithm>

#include "coffer/model/json_tree.h"

namespace coffer::connectors {
namespace {

constexpr std::size_t kMaxRules = 256;
constexpr std::size_t kMaxRule = 1024;

bool is_ours(std::string rule) {
  std::transform(rule.begin(), rule.end(), rule.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  for (const std::string_view word : {"on", "off", "nopass", "resetpass", "reset"}) {
    if (rule == word) return true;
  }
  return rule.empty() || std::string_view("><#!").find(rule.front()) != std::string_view::npos;
}

}  // namespace

Result<std::vector<std::string>> parse_rules(Statements creation) {
  if (creation.empty()) return std::vector<std::string>{"~*", "+@read"};
  std::vector<std::string> rules;
  for (const std::string& text : creation) {
    const auto parsed = model::Json::parse(text);
    if (!parsed.ok() || !parsed->is_array()) {
      return make_error(ErrorCode::invalid_argument, "wanted a JSON array of ACL rules");
    }
    for (const model::Json& rule : parsed->elements()) {
      if (rule.kind() != model::Json::Kind::string || rule.text().size() > kMaxRule) {
        return make_error(ErrorCode::invalid_argument, "wanted ACL rules of 1 to 1024 characters");
      }
      if (is_ours(rule.text())) {
        return make_error(ErrorCode::invalid_argument,
                          "a rule about passwords, on, off or reset: those are the vault's");
      }
      rules.push_back(rule.text());
    }
  }
  if (rules.size() > kMaxRules)
    return make_error(ErrorCode::invalid_argument, "more than 256 rules");
  return rules;
}

}  // namespace coffer::connectors
