#include "evaluate.h"

namespace coffer::policy {
namespace {

using model::Decision;
using model::Operation;

constexpr std::string_view kMissing[] = {"the rule doesn't grant create",
                                         "the rule doesn't grant delete",
                                         "the rule denies",
                                         "the rule doesn't grant list",
                                         "the rule doesn't grant patch",
                                         "the rule doesn't grant read",
                                         "the rule doesn't grant scan",
                                         "the rule doesn't grant sudo",
                                         "the rule doesn't grant update"};
constexpr std::string_view kGranted[] = {
    "the rule grants create", "the rule grants delete", "the rule denies",
    "the rule grants list",   "the rule grants patch",  "the rule grants read",
    "the rule grants scan",   "the rule grants sudo",   "the rule grants update"};

std::size_t bit_of(Capabilities one) noexcept {
  std::size_t bit = 0;
  while (bit + 1 < kCapabilityWords.size() && (one >> bit & 1U) == 0) ++bit;
  return bit;
}

bool checks_parameters(Operation operation) noexcept {
  return operation == Operation::read || operation == Operation::create ||
         operation == Operation::update || operation == Operation::patch;
}

/// nullptr: within bounds. A bound asks for a wrapped answer.
const char* wrapping_refusal(const WrappingBounds& bounds,
                             const std::optional<std::chrono::seconds>& ttl) noexcept {
  if (bounds.min.count() == 0 && bounds.max.count() == 0) return nullptr;
  if (!ttl) return "the rule asks for a wrapped answer";
  if (bounds.max.count() != 0 && *ttl > bounds.max) return "wrapped for more than max_wrapping_ttl";
  if (*ttl < bounds.min) return "wrapped for less than min_wrapping_ttl";
  return nullptr;
}

Decision refused(const Acl::Rules& rules, const Rule& rule, std::uint32_t policy,
                 std::string_view why) {
  return {false, rule.path, rules.policies[policy], why};
}

}  // namespace

Decision decide_by_rule(const Acl::Rules& rules, RuleIndex index, const Query& query) {
  const Rule& rule = rules.rules[index];
  const std::size_t bit = bit_of(needed(query.operation));
  if ((rule.capabilities & kDeny) != 0) {
    return refused(rules, rule, rule.granted_by[bit_of(kDeny)], kMissing[bit_of(kDeny)]);
  }
  const std::uint32_t first = rule.policies.front();
  if ((rule.capabilities & needed(query.operation)) == 0) {
    return refused(rules, rule, first, kMissing[bit]);
  }
  const std::uint32_t policy = rule.granted_by[bit];
  if (const char* why = wrapping_refusal(rule.wrapping, query.wrap_ttl); why != nullptr) {
    return refused(rules, rule, policy, why);
  }
  if (checks_parameters(query.operation)) {
    const char* why = refusal(rule.parameters, query.parameters);
    if (why != nullptr) return refused(rules, rule, policy, why);
  }
  if (query.sudo && (rule.capabilities & kSudo) == 0) {
    return refused(rules, rule, policy, kMissing[bit_of(kSudo)]);
  }
  return {true, rule.path, rules.policies[policy], kGranted[bit]};
}

bool is_folder(Operation operation) noexcept {
  return operation == Operation::list || operation == Operation::scan;
}

Decision Acl::decide(const Query& query) const {
  if (rules_->root) return {true, "*", kRootPolicy, "the root policy allows everything"};
  if (query.operation == Operation::help) {
    return {true, {}, {}, "help is open to every known caller"};
  }
  const RuleIndex rule = rules_->find(query.path, is_folder(query.operation));
  if (rule == kNoRule) return {false, {}, {}, "no rule matches"};
  return decide_by_rule(*rules_, rule, query);
}

std::vector<std::string> Acl::capabilities(std::string_view path) const {
  if (rules_->root) return {"root"};
  const RuleIndex rule = rules_->find(path, true);
  return in_words(rule == kNoRule ? Capabilities{0} : rules_->rules[rule].capabilities);
}

}  // namespace coffer::policy
