#include "terms.h"

#include <algorithm>

#include "coffer/auth/policy_names.h"

namespace coffer::engines::token {
namespace {

using std::chrono::seconds;
using Names = std::vector<std::string>;

constexpr std::string_view kRoot = "root";
constexpr std::string_view kDefault = "default";
constexpr seconds kLongest = std::chrono::hours(768);

bool holds(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool covers(const Names& names, const Names& globs, std::string_view name) {
  return holds(names, name) || std::any_of(globs.begin(), globs.end(), [&](const std::string& g) {
           return auth::glob_matches(g, name);
         });
}

void add_default(Names& names) {
  if (holds(names, kDefault)) return;
  names.emplace_back(kDefault);
  std::sort(names.begin(), names.end());
}

Error refused(std::string_view why) { return make_error(ErrorCode::invalid_argument, why); }

/// Without a role: what the maker has, or a part of it. `default` comes along if he has it.
Result<Names> inherited(const Asked& asked, const Maker& maker) {
  Names names = asked.policies.empty() ? maker.policies : asked.policies;
  if (!maker.is_root()) {
    for (const std::string& name : names) {
      if (!holds(maker.policies, name)) {
        return refused("child policies must be subset of parent");
      }
    }
  }
  const bool wanted =
      !asked.no_default_policy && (maker.is_root() || holds(maker.policies, kDefault));
  if (asked.no_default_policy && asked.policies.empty()) std::erase(names, kDefault);
  if (wanted && !holds(names, kRoot)) add_default(names);
  return names;
}

/// Through a role: what the role allows, whatever the maker has himself; that is what roles are
/// for.
Result<Names> by_role(const Asked& asked, const Maker& maker, const auth::TokenRole& role) {
  const bool allows = !role.allowed_policies.empty() || !role.allowed_policies_glob.empty();
  const bool denies = !role.disallowed_policies.empty() || !role.disallowed_policies_glob.empty();
  Asked narrowed = asked;
  narrowed.no_default_policy = asked.no_default_policy || role.no_default_policy;
  if (!allows && !denies) return inherited(narrowed, maker);
  Names names = asked.policies;
  if (names.empty()) names = allows ? role.allowed_policies : maker.policies;
  const auto denied = [&](std::string_view name) {
    return covers(role.disallowed_policies, role.disallowed_policies_glob, name);
  };
  if (!narrowed.no_default_policy && !denied(kDefault) && !holds(names, kRoot)) add_default(names);
  for (const std::string& name : names) {
    if (denied(name)) return refused("token policies must not hold what the role disallows");
    if (allows && name != kDefault &&
        !covers(role.allowed_policies, role.allowed_policies_glob, name)) {
      return refused("token policies must be subset of the role's allowed policies");
    }
  }
  return names;
}

/// The lesser of two limits of which 0 is none.
seconds lesser(seconds a, seconds b) {
  if (a.count() == 0 || b.count() == 0) return std::max(a, b);
  return std::min(a, b);
}

}  // namespace

bool Maker::is_root() const { return policies.size() == 1 && policies.front() == kRoot; }

Limits limits_of(const engine::MountConfig& config) {
  const seconds longest = lesser(config.max_lease_ttl, kLongest);
  const seconds usual = config.default_lease_ttl.count() > 0 ? config.default_lease_ttl : kLongest;
  return {std::min(usual, longest), longest};
}

Result<Names> decide_policies(const Asked& asked, const Maker& maker, const auth::TokenRole* role) {
  COFFER_TRY(Names names, role == nullptr ? inherited(asked, maker) : by_role(asked, maker, *role));
  if (holds(names, kRoot)) {
    if (!maker.is_root()) return refused("only a root token makes root tokens");
    if (names.size() > 1) return refused("the policy \"root\" stands alone");
  }
  return names;
}

Result<void> decide_times(const Asked& asked, const Maker& maker, const auth::TokenRole* role,
                          const Limits& limits, auth::TokenTerms& terms,
                          std::vector<std::string>& warnings) {
  terms.renewable = asked.renewable && (role == nullptr || role->renewable);
  terms.num_uses = asked.num_uses;
  terms.explicit_max_ttl = asked.explicit_max_ttl;
  terms.period = asked.period;
  if (role != nullptr) {
    terms.explicit_max_ttl = lesser(asked.explicit_max_ttl, role->explicit_max_ttl);
    if (role->period.count() > 0) terms.period = role->period;
    if (role->num_uses > 0 && (asked.num_uses == 0 || asked.num_uses > role->num_uses)) {
      terms.num_uses = role->num_uses;
    }
  }
  const auto shorten = [&](seconds& time, seconds limit, std::string_view what) {
    if (time <= limit) return;
    time = limit;
    warnings.emplace_back(what);
  };
  const bool root = terms.policies.size() == 1 && terms.policies.front() == kRoot;
  const bool untimed =
      asked.ttl.count() == 0 && terms.period.count() == 0 && terms.explicit_max_ttl.count() == 0;
  if (root && untimed) {
    if (maker.expires) {
      return refused("expiring root tokens cannot create non-expiring root tokens");
    }
    terms.renewable = false;
    return {};
  }
  if (terms.explicit_max_ttl.count() > 0) {
    shorten(terms.explicit_max_ttl, limits.longest,
            "explicit max TTL is longer than the mount's longest; it is shortened");
  }
  shorten(terms.period, limits.longest, "period is longer than the mount's longest TTL; shortened");
  terms.ttl = asked.ttl;
  if (terms.ttl.count() == 0) terms.ttl = lesser(limits.usual, terms.explicit_max_ttl);
  if (terms.period.count() > 0) terms.ttl = terms.period;
  shorten(terms.ttl, limits.longest, "TTL is longer than the mount's longest; it is shortened");
  if (terms.explicit_max_ttl.count() > 0) {
    shorten(terms.ttl, terms.explicit_max_ttl,
            "TTL is longer than the explicit max TTL; it is shortened");
  }
  return {};
}

}  // namespace coffer::engines::token
