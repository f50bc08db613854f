// The store without a disk, for tests: every version of a row is kept while a snapshot could still
// read it, so snapshots never give `conflict`.
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "coffer/base/mutex.h"
#include "coffer/store/store.h"
#include "plan.h"

namespace coffer::store {
namespace {

/// Values by the sequence that wrote them; nullopt: erased then.
using History = std::map<RowVersion, std::optional<std::string>>;
using KeyedRow = std::pair<Key, Row>;

std::optional<Row> row_at(const History& history, std::uint64_t sequence) {
  auto after = history.upper_bound(sequence);
  if (after == history.begin()) return std::nullopt;
  const auto& [version, value] = *std::prev(after);
  if (!value) return std::nullopt;
  return Row{*value, version};
}

bool starts_with(const Key& key, const Key& prefix) {
  return key.compare(0, prefix.size(), prefix) == 0;
}

/// Thread-safe.
class Versions final {
 public:
  std::uint64_t sequence() const COFFER_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return sequence_;
  }

  std::uint64_t pin() COFFER_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    pinned_.insert(sequence_);
    return sequence_;
  }

  void unpin(std::uint64_t sequence) COFFER_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    pinned_.erase(pinned_.find(sequence));
    if (pinned_.empty()) forget_old_versions();
  }

  std::optional<Row> get(const Key& key, std::uint64_t sequence) const COFFER_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return find(key, sequence);
  }

  std::vector<KeyedRow> range(const Key& start, const Key& prefix, std::uint64_t sequence) const
      COFFER_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    std::vector<KeyedRow> rows;
    for (auto at = rows_.lower_bound(start); at != rows_.end() && starts_with(at->first, prefix);
         ++at) {
      if (auto row = row_at(at->second, sequence)) rows.emplace_back(at->first, *std::move(row));
    }
    return rows;
  }

  Result<std::vector<CommitOutcome>> commit(std::span<const Transaction> transactions)
      COFFER_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    const auto version_of = [this](const Key& key) COFFER_NO_THREAD_SAFETY_ANALYSIS {
      const auto row = find(key, sequence_);
      return Result<RowVersion>(row ? row->version : 0);
    };
    COFFER_TRY(auto plan, make_plan(transactions, sequence_ + 1, version_of));
    if (plan.changes.empty()) return std::move(plan.outcomes);
    if (ledger_ != nullptr) {
      const auto row_of = [this](std::string_view key) COFFER_NO_THREAD_SAFETY_ANALYSIS {
        return Result<std::optional<Row>>(find(Key(key), sequence_));
      };
      COFFER_CHECK(enter_plan(*ledger_, plan, sequence_ + 1, row_of));
    }
    apply(plan.changes);
    if (ledger_ != nullptr) ledger_->entered();
    return std::move(plan.outcomes);
  }

  void keep(std::shared_ptr<Ledger> ledger) COFFER_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    ledger_.swap(ledger);
  }

 private:
  std::optional<Row> find(const Key& key, std::uint64_t sequence) const COFFER_REQUIRES(mutex_) {
    const auto found = rows_.find(key);
    return found == rows_.end() ? std::nullopt : row_at(found->second, sequence);
  }

  void apply(const Changes& changes) COFFER_REQUIRES(mutex_) {
    ++sequence_;
    for (const auto& [view, value] : changes) {
      const Key key(view);
      auto& history = rows_[key];
      history[sequence_] = *value;
      forget_unread(history);
      if (pinned_.empty()) {
        if (!history.begin()->second) rows_.erase(key);
      } else {
        changed_.insert(key);
      }
    }
  }

  /// Drops the versions that neither a snapshot nor the present can see.
  void forget_unread(History& history) const COFFER_REQUIRES(mutex_) {
    const auto oldest = pinned_.empty() ? sequence_ : *pinned_.begin();
    const auto after = history.upper_bound(oldest);
    if (after != history.begin()) history.erase(history.begin(), std::prev(after));
  }

  void forget_old_versions() COFFER_REQUIRES(mutex_) {
    for (const auto& key : changed_) {
      const auto found = rows_.find(key);
      if (found == rows_.end()) continue;
      forget_unread(found->second);
      if (!found->second.begin()->second) rows_.erase(found);
    }
    changed_.clear();
  }

  mutable Mutex mutex_;
  std::uint64_t sequence_ COFFER_GUARDED_BY(mutex_) = 0;
  std::map<Key, History> rows_ COFFER_GUARDED_BY(mutex_);
  /// Sequences that snapshots read at.
  std::multiset<std::uint64_t> pinned_ COFFER_GUARDED_BY(mutex_);
  /// Keys that may hold versions which nobody needs once nothing is pinned.
  std::set<Key> changed_ COFFER_GUARDED_BY(mutex_);
  std::shared_ptr<Ledger> ledger_ COFFER_GUARDED_BY(mutex_);
};

class MemorySnapshot final : public Snapshot {
 public:
  explicit MemorySnapshot(std::shared_ptr<Versions> versions)
      : versions_(std::move(versions)), sequence_(versions_->pin()) {}
  ~MemorySnapshot() override { versions_->unpin(sequence_); }
  MemorySnapshot(const MemorySnapshot&) = delete;
  MemorySnapshot& operator=(const MemorySnapshot&) = delete;

  std::uint64_t sequence() const override { return sequence_; }

  Result<void> fix() override { return {}; }

  Result<std::optional<Row>> get(const Key& key) override { return versions_->get(key, sequence_); }

  Result<void> scan(const Key& prefix,
                    const std::function<bool(const Key&, const Row&)>& visit) override {
    return visit_all(versions_->range(prefix, prefix, sequence_), visit);
  }

  Result<void> scan_after(const Key& after,
                          const std::function<bool(const Key&, const Row&)>& visit) override {
    return visit_all(versions_->range(after + '\0', {}, sequence_), visit);
  }

 private:
  /// Of a copy, so that the visitor may use the store.
  static Result<void> visit_all(const std::vector<KeyedRow>& rows,
                                const std::function<bool(const Key&, const Row&)>& visit) {
    for (const auto& [key, row] : rows) {
      if (!visit(key, row)) break;
    }
    return {};
  }

  std::shared_ptr<Versions> versions_;
  std::uint64_t sequence_;
};

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(const Uuid& node) : node_(node) {}

  Result<std::unique_ptr<Snapshot>> snapshot() override {
    return std::unique_ptr<Snapshot>(std::make_unique<MemorySnapshot>(versions_));
  }
  Result<std::vector<CommitOutcome>> commit(std::span<const Transaction> transactions) override {
    return versions_->commit(transactions);
  }
  void keep(std::shared_ptr<Ledger> ledger) override { versions_->keep(std::move(ledger)); }
  std::uint64_t sequence() const override { return versions_->sequence(); }
  Uuid node() const override { return node_; }

 private:
  const Uuid node_;
  std::shared_ptr<Versions> versions_ = std::make_shared<Versions>();
};

}  // namespace

std::unique_ptr<Store> open_memory_store(const Uuid& node) {
  return std::make_unique<MemoryStore>(node);
}

}  // namespace coffer::store
