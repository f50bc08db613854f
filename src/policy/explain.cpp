#include <algorithm>

#include "evaluate.h"
#include "pattern.h"

namespace coffer::policy {
namespace {

/// In which of the four steps a rule is found; lower comes first.
struct Found {
  RuleIndex rule;
  int step;
};

void gather(std::vector<Found>& found, const Acl::Rules& rules, std::string_view path, bool exact,
            int step) {
  std::vector<Found> now;
  for (RuleIndex i = 0; i < rules.rules.size(); ++i) {
    const bool seen =
        std::any_of(found.begin(), found.end(), [i](const Found& one) { return one.rule == i; });
    const bool fits = (rules.rules[i].shape == Shape::exact) == exact;
    if (!seen && fits && matches(rules.rules[i], path)) now.push_back({i, step});
  }
  std::sort(now.begin(), now.end(), [&](const Found& a, const Found& b) {
    return rules.ranks[a.rule] > rules.ranks[b.rule];
  });
  found.insert(found.end(), now.begin(), now.end());
}

/// All that match, in the order in which they would decide.
std::vector<Found> all_that_match(const Acl::Rules& rules, const Query& query) {
  const std::string_view path = without_leading_slashes(query.path);
  const std::string_view bare = without_trailing_slash(path);
  const bool both = is_folder(query.operation) && bare.size() != path.size();
  std::vector<Found> found;
  gather(found, rules, path, true, 0);
  if (both) gather(found, rules, bare, true, 1);
  gather(found, rules, path, false, 2);
  if (both) gather(found, rules, bare, false, 3);
  return found;
}

std::string why_not(const Acl::Rules& rules, const Found& winner, const Found& loser) {
  if (winner.step != loser.step) {
    if (winner.step < 2) return "a rule for the very path comes first";
    return "it matches the path without its slash alone, which is asked last";
  }
  std::string_view why;
  static_cast<void>(ranks_lower(rules.rules[loser.rule], rules.rules[winner.rule], &why));
  return std::string(why);
}

Candidate describe(const Acl::Rules& rules, RuleIndex index) {
  const Rule& rule = rules.rules[index];
  Candidate candidate;
  candidate.path = rule.path;
  for (const std::uint32_t policy : rule.policies) {
    candidate.policies.push_back(rules.policies[policy]);
  }
  candidate.capabilities = in_words(rule.capabilities);
  return candidate;
}

}  // namespace

Explanation Acl::explain(const Query& query) const {
  Explanation explanation;
  explanation.decision = decide(query);
  if (rules_->root || query.operation == model::Operation::help) return explanation;
  const std::vector<Found> found = all_that_match(*rules_, query);
  for (const Found& one : found) {
    Candidate candidate = describe(*rules_, one.rule);
    candidate.decided = explanation.candidates.empty();
    candidate.why = candidate.decided ? std::string(explanation.decision.why)
                                      : why_not(*rules_, found.front(), one);
    explanation.candidates.push_back(std::move(candidate));
  }
  return explanation;
}

bool Acl::any_access_below(std::string_view prefix) const {
  if (rules_->root) return true;
  prefix = without_leading_slashes(prefix);
  const auto grants = [this](RuleIndex index) {
    return index != kNoRule && in_words(rules_->rules[index].capabilities) != in_words(0);
  };
  if (grants(rules_->find(prefix, true))) return true;
  // Of the prefix rules from above the longest holds for what is below, if nothing says otherwise.
  if (grants(rules_->prefixes.find_longest(prefix))) return true;
  for (RuleIndex i = 0; i < rules_->rules.size(); ++i) {
    const Rule& rule = rules_->rules[i];
    const bool above = rule.shape == Shape::prefix && prefix.starts_with(rule.bare_path());
    if (!above && grants(i) && reaches_below(rule, prefix)) return true;
  }
  return false;
}

}  // namespace coffer::policy
