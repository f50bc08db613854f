#include "coffer/lifecycle/lease_counts.h"

#include <algorithm>

namespace coffer::lifecycle {
namespace {

constexpr std::size_t kPercent = 100;
constexpr std::size_t kWarnFrom = 80;
/// Between two counts of the same: each walks over as many keys as there are leases.
constexpr LeaseCounts::Time kCountAgain = std::chrono::seconds(1);
/// Identities that are remembered; whoever has none of his leases counted is counted anew.
constexpr std::size_t kMostIdentities = 10'000;

void add_warning(std::vector<std::string>& out, std::size_t count, std::size_t limit,
                 std::string_view of) {
  if (count * kPercent < limit * kWarnFrom) return;
  out.push_back(std::to_string(count) + " of at most " + std::to_string(limit) +
                " leases of this " + std::string(of) + " are in use");
}

}  // namespace

std::size_t LeaseCounts::of(const Counts& counts, std::string_view name) {
  const auto found = counts.find(name);
  return found == counts.end() ? 0 : found->second.all();
}

LeaseCounts::Cap LeaseCounts::reserve(const NewLease& wanted) {
  const MutexLock lock(mutex_);
  if (total_.all() >= limits_.total) return Cap::total;
  const bool capped = !wanted.on_trial;
  if (capped && of(roles_, wanted.prefix) >= limits_.per_role) return Cap::role;
  if (capped && of(identities_, wanted.counted_for()) >= limits_.per_owner) return Cap::identity;
  for (Count* count : {&total_, &roles_[wanted.prefix], &identities_[wanted.counted_for()]})
    ++count->reserved;
  return Cap::none;
}

void LeaseCounts::release(const NewLease& wanted) {
  const MutexLock lock(mutex_);
  for (Count* count : {&total_, &roles_[wanted.prefix], &identities_[wanted.counted_for()]})
    --count->reserved;
}

void LeaseCounts::committed(const NewLease& lease) {
  const MutexLock lock(mutex_);
  for (Count* count : {&total_, &roles_[lease.prefix], &identities_[lease.counted_for()]}) {
    --count->reserved;
    ++count->stored;
    ++count->commits;
  }
}

void LeaseCounts::adopted(std::size_t ends) {
  const MutexLock lock(mutex_);
  total_.stored += ends;
}

void LeaseCounts::gone() {
  const MutexLock lock(mutex_);
  if (total_.stored > 0) --total_.stored;
}

void LeaseCounts::load(std::size_t total, const std::map<std::string, std::size_t>& by_prefix) {
  const MutexLock lock(mutex_);
  total_.stored = total;
  for (const auto& [prefix, count] : by_prefix) roles_[prefix].stored = count;
}

std::optional<LeaseCounts::Recount> LeaseCounts::start_recount(const NewLease& wanted, Time now) {
  const auto fresh = [now](const Count& count) {
    return count.counted && now - *count.counted < kCountAgain;
  };
  const MutexLock lock(mutex_);
  if (identities_.size() > kMostIdentities) {
    // Not those that are being counted: what is committed meanwhile must still be known.
    std::erase_if(identities_, [&](const auto& known) {
      return known.second.reserved == 0 && !fresh(known.second);
    });
  }
  Count& role = roles_[wanted.prefix];
  Count& identity = identities_[wanted.counted_for()];
  if (fresh(role) && fresh(identity)) return std::nullopt;
  role.counted = identity.counted = now;
  return Recount{role.commits, identity.commits};
}

void LeaseCounts::finish_recount(const NewLease& wanted, const Recount& before, std::size_t of_role,
                                 std::size_t of_identity) {
  const MutexLock lock(mutex_);
  Count& role = roles_[wanted.prefix];
  Count& identity = identities_[wanted.counted_for()];
  role.stored = of_role + static_cast<std::size_t>(role.commits - before.role_commits);
  identity.stored =
      of_identity + static_cast<std::size_t>(identity.commits - before.identity_commits);
}

bool LeaseCounts::unknown_identity(std::string_view identity) const {
  const MutexLock lock(mutex_);
  const auto found = identities_.find(identity);
  return found == identities_.end() || !found->second.counted;
}

std::size_t LeaseCounts::total() const {
  const MutexLock lock(mutex_);
  return total_.all();
}

std::vector<std::string> LeaseCounts::warnings(const NewLease& wanted) const {
  const MutexLock lock(mutex_);
  std::vector<std::string> out;
  add_warning(out, total_.all(), limits_.total, "vault");
  add_warning(out, of(roles_, wanted.prefix), limits_.per_role, "role");
  add_warning(out, of(identities_, wanted.counted_for()), limits_.per_owner, "identity");
  return out;
}

}  // namespace coffer::lifecycle
