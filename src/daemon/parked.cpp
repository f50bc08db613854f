#include "parked.h"

#include <algorithm>

#include "connection.h"

namespace coffer::daemon {

Parked::Place Parked::park(const store::Key& row, Time until, Job& job) {
  const MutexLock lock(mutex_);
  if (closed_) return Place::closed;
  const auto found = entry_of(*job);
  if (found == entries_.end()) return look_out(row, until, *job);
  Entry& entry = found->second;
  if (entry.woken || found->first != row) {
    erase(found);
    return look_out(row, until, *job);
  }
  entry.job = std::move(job);
  return Place::kept;
}

Parked::Place Parked::look_out(const store::Key& row, Time until, const Exchange& exchange) {
  const uid_t user = exchange.peer.uid;
  const auto own = by_uid_.find(user);
  if (entries_.size() >= limits_.all || (own != by_uid_.end() && own->second >= limits_.per_uid)) {
    return Place::full;
  }
  ++by_uid_[user];
  entries_.emplace(row, Entry{.owner = &exchange, .job = nullptr, .until = until});
  return Place::again;
}

void Parked::forget(const Exchange& exchange) {
  const MutexLock lock(mutex_);
  const auto found = entry_of(exchange);
  if (found != entries_.end()) erase(found);
}

/// Some hundred at most, and only for those that wait.
Parked::Entries::iterator Parked::entry_of(const Exchange& exchange) {
  return std::find_if(entries_.begin(), entries_.end(),
                      [&](const auto& entry) { return entry.second.owner == &exchange; });
}

void Parked::erase(Entries::iterator entry) {
  const auto own = by_uid_.find(entry->second.owner->peer.uid);
  if (--own->second == 0) by_uid_.erase(own);
  entries_.erase(entry);
}

template <typename Wanted>
std::vector<Parked::Job> Parked::take(Wanted wanted) {
  std::vector<Job> jobs;
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto here = entry++;
    if (here->second.job == nullptr || !wanted(here->second)) continue;
    Job job = std::move(here->second.job);
    erase(here);
    jobs.push_back(std::move(job));
  }
  return jobs;
}

std::vector<Parked::Job> Parked::woken_by(std::span<const store::Transaction> committed) {
  std::vector<Job> jobs;
  const MutexLock lock(mutex_);
  if (entries_.empty()) return jobs;
  for (const store::Transaction& transaction : committed) {
    for (const store::Write& write : transaction.writes) {
      const auto [first, last] = entries_.equal_range(write.key);
      for (auto entry = first; entry != last;) {
        const auto here = entry++;
        here->second.woken = true;
        if (here->second.job == nullptr) continue;
        Job job = std::move(here->second.job);
        erase(here);
        jobs.push_back(std::move(job));
      }
    }
  }
  return jobs;
}

std::vector<Parked::Job> Parked::late(Time now) {
  const MutexLock lock(mutex_);
  return take([now](const Entry& entry) { return entry.until <= now; });
}

std::vector<Parked::Job> Parked::gone() {
  const MutexLock lock(mutex_);
  return take([](const Entry& entry) {
    return entry.job->connection != nullptr && entry.job->connection->peer_left();
  });
}

std::vector<Parked::Job> Parked::all() {
  const MutexLock lock(mutex_);
  return take([](const Entry&) { return true; });
}

void Parked::close() {
  const MutexLock lock(mutex_);
  closed_ = true;
}

std::size_t Parked::size() const {
  const MutexLock lock(mutex_);
  return entries_.size();
}

}  // namespace coffer::daemon
