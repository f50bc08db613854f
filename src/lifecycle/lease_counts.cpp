#include "coffer/lifecycle/lease_counts.h"

#include <algorithm>

namespace coffer::lifecycle {
namespace {

constexpr std::size_t kPercent = 100;
constexpr std::size_t kWarnFrom = 80;
/// Between two counts of the same: each walks over as many keys as there are leases.
constexpr LeaseCounts::Time kCountAgain = std::chrono::seconds(1);
/// Callers who are remembered; whoever has none of his leases counted is counted anew.
constexpr std::size_t kMostOwners = 10'000;

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
  if (capped && of(owners_, wanted.owner) >= limits_.per_owner) return Cap::owner;
  for (Count* count : {&total_, &roles_[wanted.prefix], &owners_[wanted.owner]}) ++count->reserved;
  return Cap::none;
}

void LeaseCounts::release(const NewLease& wanted) {
  const MutexLock lock(mutex_);
  for (Count* count : {&total_, &roles_[wanted.prefix], &owners_[wanted.owner]}) --count->reserved;
}

void LeaseCounts::committed(const NewLease& lease) {
  const MutexLock lock(mutex_);
  for (Count* count : {&total_, &roles_[lease.prefix], &owners_[lease.owner]}) {
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
  const MutexLock lock(mutex_);
  if (owners_.size() > kMostOwners) {
    std::erase_if(owners_, [](const auto& owner) { return owner.second.reserved == 0; });
  }
  Count& role = roles_[wanted.prefix];
  Count& owner = owners_[wanted.owner];
  const auto fresh = [now](const Count& count) {
    return count.counted && now - *count.counted < kCountAgain;
  };
  if (fresh(role) && fresh(owner)) return std::nullopt;
  role.counted = owner.counted = now;
  return Recount{role.commits, owner.commits};
}

void LeaseCounts::finish_recount(const NewLease& wanted, const Recount& before, std::size_t of_role,
                                 std::size_t of_owner) {
  const MutexLock lock(mutex_);
  Count& role = roles_[wanted.prefix];
  Count& owner = owners_[wanted.owner];
  role.stored = of_role + static_cast<std::size_t>(role.commits - before.role_commits);
  owner.stored = of_owner + static_cast<std::size_t>(owner.commits - before.owner_commits);
}

bool LeaseCounts::unknown_owner(std::string_view owner) const {
  const MutexLock lock(mutex_);
  const auto found = owners_.find(owner);
  return found == owners_.end() || !found->second.counted;
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
  add_warning(out, of(owners_, wanted.owner), limits_.per_owner, "caller");
  return out;
}

}  // namespace coffer::lifecycle
