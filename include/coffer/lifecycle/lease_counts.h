// How many leases there are, and the caps that they are held to.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/base/mutex.h"
#include "coffer/lifecycle/lease.h"

namespace coffer::lifecycle {

/// Each at least 1.
struct LeaseLimits {
  std::size_t total = 100'000;     ///< in all, those included whose end is pending
  std::size_t per_role = 50'000;   ///< of one prefix, without those that are ending
  std::size_t per_owner = 10'000;  ///< of one identity, likewise
};

/// In memory; thread-safe. What is being issued counts from its reservation on, so the caps hold
/// for callers who come together. The total is exact. Numbers by role and by identity never fall by
/// themselves, so they are never too low; they are counted anew before anyone is refused or warned.
class LeaseCounts final {
 public:
  using Time = std::chrono::nanoseconds;  ///< Clock::boottime()
  enum class Cap : std::uint8_t { none, total, role, identity };

  explicit LeaseCounts(const LeaseLimits& limits) : limits_(limits) {}

  /// Counts one more, unless that breaks a cap.
  [[nodiscard]] Cap reserve(const NewLease& wanted) COFFER_EXCLUDES(mutex_);
  /// It was not committed.
  void release(const NewLease& wanted) COFFER_EXCLUDES(mutex_);
  /// What was reserved is stored.
  void committed(const NewLease& lease) COFFER_EXCLUDES(mutex_);
  /// Ends of what has no lease are stored, whatever the caps.
  void adopted(std::size_t ends) COFFER_EXCLUDES(mutex_);
  /// A lease's last row is gone.
  void gone() COFFER_EXCLUDES(mutex_);

  /// At unseal.
  void load(std::size_t total, const std::map<std::string, std::size_t>& by_prefix)
      COFFER_EXCLUDES(mutex_);

  /// Before counting in the store: what is committed from now on may or may not be among what is
  /// counted, so it is added.
  struct Recount {
    std::uint64_t role_commits = 0;
    std::uint64_t identity_commits = 0;
  };
  /// nullopt: that was done a moment ago.
  [[nodiscard]] std::optional<Recount> start_recount(const NewLease& wanted, Time now)
      COFFER_EXCLUDES(mutex_);
  void finish_recount(const NewLease& wanted, const Recount& before, std::size_t of_role,
                      std::size_t of_identity) COFFER_EXCLUDES(mutex_);
  /// Nobody has counted this one's yet.
  [[nodiscard]] bool unknown_identity(std::string_view identity) const COFFER_EXCLUDES(mutex_);

  [[nodiscard]] std::size_t total() const COFFER_EXCLUDES(mutex_);
  /// Sentences about the caps that `wanted` is near to: 80 % of one or more.
  [[nodiscard]] std::vector<std::string> warnings(const NewLease& wanted) const
      COFFER_EXCLUDES(mutex_);
  [[nodiscard]] const LeaseLimits& limits() const noexcept { return limits_; }

 private:
  struct Count {
    std::size_t stored = 0;
    std::size_t reserved = 0;
    std::uint64_t commits = 0;
    std::optional<Time> counted{};
    [[nodiscard]] std::size_t all() const { return stored + reserved; }
  };
  using Counts = std::map<std::string, Count, std::less<>>;
  [[nodiscard]] static std::size_t of(const Counts& counts, std::string_view name);

  const LeaseLimits limits_;
  mutable Mutex mutex_;
  Count total_ COFFER_GUARDED_BY(mutex_);
  Counts roles_ COFFER_GUARDED_BY(mutex_);
  Counts identities_ COFFER_GUARDED_BY(mutex_);
};

}  // namespace coffer::lifecycle
