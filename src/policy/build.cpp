#include <unordered_map>

#include "rules.h"

namespace coffer::policy {
namespace {

/// The smaller one; 0 is no bound.
std::chrono::nanoseconds tighter(std::chrono::nanoseconds a, std::chrono::nanoseconds b) {
  if (a.count() == 0) return b;
  if (b.count() == 0) return a;
  return std::min(a, b);
}

void note_policy(Rule& rule, std::uint32_t policy, Capabilities added) {
  if (rule.policies.empty() || rule.policies.back() != policy) rule.policies.push_back(policy);
  for (std::size_t bit = 0; bit < kCapabilityWords.size(); ++bit) {
    if ((added >> bit & 1U) != 0) rule.granted_by[bit] = policy;
  }
}

void deny(Rule& rule) {
  rule.capabilities = kDeny;
  rule.wrapping = {};
  rule.parameters = {};
}

void merge(Rule& rule, const Stanza& stanza, std::uint32_t policy) {
  if ((rule.capabilities & kDeny) != 0) return;
  const auto added = static_cast<Capabilities>(stanza.capabilities & ~rule.capabilities);
  note_policy(rule, policy, added);
  if (stanza.capabilities == kDeny) return deny(rule);
  rule.capabilities = static_cast<Capabilities>(rule.capabilities | stanza.capabilities);
  rule.wrapping.min = tighter(rule.wrapping.min, stanza.wrapping.min);
  rule.wrapping.max = tighter(rule.wrapping.max, stanza.wrapping.max);
  rule.parameters.merge(stanza.parameters);
}

/// Rules by their path as written: that also tells their shape.
class Builder final {
 public:
  Builder(Acl::Rules& rules, WallTime now) : rules_(rules), now_(now) {}

  void add(const Policy& policy) {
    const auto number = static_cast<std::uint32_t>(rules_.policies.size());
    rules_.policies.push_back(policy.name());
    for (const Stanza& stanza : policy.stanzas()) {
      // No request has an empty path; a decision without a rule is told by its empty path.
      if (stanza.path.empty() || expired(stanza, now_)) continue;
      note_expiration(stanza);
      merge(rule_for(stanza.path), stanza, number);
    }
  }

 private:
  void note_expiration(const Stanza& stanza) {
    if (!stanza.expiration) return;
    if (!rules_.stale_at || *stanza.expiration < *rules_.stale_at) {
      rules_.stale_at = stanza.expiration;
    }
  }

  Rule& rule_for(const std::string& path) {
    const auto [place, made] =
        by_path_.try_emplace(path, static_cast<RuleIndex>(rules_.rules.size()));
    if (made) {
      Rule rule;
      rule.path = path;
      rule.shape = shape_of(path);
      rules_.rules.push_back(std::move(rule));
    }
    return rules_.rules[place->second];
  }

  Acl::Rules& rules_;
  WallTime now_;
  std::unordered_map<std::string_view, RuleIndex> by_path_;  ///< views of the policies' paths
};

}  // namespace

std::shared_ptr<const Acl> Acl::build(std::span<const PolicyPtr> policies, WallTime now) {
  auto rules = std::make_unique<Rules>();
  Builder builder(*rules, now);
  for (const PolicyPtr& policy : policies) {
    if (policy != nullptr) builder.add(*policy);
  }
  rules->finish();
  return std::make_shared<const Acl>(std::move(rules));
}

std::shared_ptr<const Acl> Acl::root() {
  auto rules = std::make_unique<Rules>();
  rules->root = true;
  return std::make_shared<const Acl>(std::move(rules));
}

Acl::Acl(std::unique_ptr<const Rules> rules) : rules_(std::move(rules)) {}
Acl::~Acl() = default;

std::optional<WallTime> Acl::stale_at() const noexcept { return rules_->stale_at; }

}  // namespace coffer::policy
