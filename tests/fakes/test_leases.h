// Leases in a TestVault: a target in memory, and an engine's part of issuing.
#pragma once

#include <map>

#include "fakes/test_vault.h"

namespace coffer::fakes {

/// A target whose users are the payloads of leases. Thread-safe. Add it before leases are made.
class MemoryTarget final {
 public:
  explicit MemoryTarget(core::Unsealed& vault) {
    vault.leases->add_kind("fake",
                           {.end = [this](const lifecycle::Lease& lease) { return end(lease); },
                            .renew = [this](const lifecycle::Lease& lease,
                                            WallTime until) { return renew(lease, until); }});
  }

  void set_away(bool away) COFFER_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    away_ = away;
  }
  [[nodiscard]] std::size_t users() const COFFER_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return users_.size();
  }
  [[nodiscard]] int ends() const COFFER_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return ends_;
  }
  void add(const std::string& user) COFFER_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    users_[user] = {};
  }
  /// Called at each end, outside of the lock.
  std::function<void(const lifecycle::Lease&)> on_end{};

 private:
  Result<void> end(const lifecycle::Lease& lease) COFFER_EXCLUDES(mutex_) {
    if (on_end) on_end(lease);
    const MutexLock lock(mutex_);
    ++ends_;
    if (away_) return make_error(ErrorCode::unavailable, "the target is away");
    users_.erase(lease.terms.payload);
    return {};
  }
  Result<void> renew(const lifecycle::Lease& lease, WallTime until) COFFER_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    if (away_) return make_error(ErrorCode::unavailable, "the target is away");
    users_[lease.terms.payload] = until;
    return {};
  }

  mutable Mutex mutex_;
  std::map<std::string, WallTime> users_ COFFER_GUARDED_BY(mutex_);
  bool away_ COFFER_GUARDED_BY(mutex_) = false;
  int ends_ COFFER_GUARDED_BY(mutex_) = 0;
};

/// Issues one as a request of `owner` would, up to the answer; gives its id, or why not.
inline Result<std::string> issue_lease(TestVault& vault, MemoryTarget& target,
                                       const std::string& user, lifecycle::NewLease wanted = {}) {
  if (wanted.prefix.empty()) wanted.prefix = "secret/creds/app/";
  if (wanted.owner.empty()) wanted.owner_is_token = false;
  if (wanted.ttl.count() == 0) wanted.ttl = std::chrono::hours(1);
  if (wanted.max_ttl.count() == 0) wanted.max_ttl = std::chrono::hours(24);
  if (wanted.target.empty()) wanted.target = "db";
  wanted.kind = "fake";
  wanted.payload = user;
  const WallTime now = system_clock().wall() + vault.ahead;
  const model::Request request{.id = {{7}}, .time = now, .path = wanted.prefix + "x", .fields = {}};
  audit::Ticket ticket = vault.open().trail->open(request, vault.peer);
  const auto tx = vault.begin();
  auto name = lifecycle::Leases::new_name();
  auto issuing = vault.open().leases->begin(ticket, *tx, wanted, *std::move(name), now);
  if (!issuing.ok()) {
    static_cast<void>(std::move(ticket).close(issuing.error()));
    return std::move(issuing).error();
  }
  std::string id = issuing->lease().id();
  target.add(user);
  std::function<void()> then;
  TestVault::must(std::move(*issuing).stage(*tx, then));
  static_cast<void>(std::move(ticket).close(model::Response{.lease_id = id}));
  if (!vault.commit(tx->take())) return make_error(ErrorCode::conflict, "lost a race");
  then();
  return id;
}

}  // namespace coffer::fakes
