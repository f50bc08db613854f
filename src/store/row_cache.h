// Rows in memory as they are stored (sealed), and the sequence up to which they are right.
//
// The invariant that snapshots rest on: under the lock, a row in the cache is the row as of
// `sequence()`. So publish() changes rows and sequence at once, and insert() takes a row only if
// it was read at that very sequence. It follows that a row of version v is right for every sequence
// from v to sequence().
#pragma once

#include <atomic>
#include <list>
#include <unordered_map>

#include "coffer/base/mutex.h"
#include "plan.h"

namespace coffer::store {

/// Thread-safe.
class RowCache final {
 public:
  /// 0 bytes: keeps nothing.
  RowCache(std::size_t max_bytes, std::uint64_t sequence) noexcept
      : max_bytes_(max_bytes), sequence_(sequence) {}

  [[nodiscard]] std::uint64_t sequence() const noexcept { return sequence_.load(); }

  struct Found {
    std::optional<Row> row;  ///< nullopt: not in the cache, which says nothing about the store
    std::uint64_t sequence = 0;
  };
  [[nodiscard]] Found get(const Key& key) COFFER_EXCLUDES(mutex_);

  struct FoundVersion {
    std::optional<RowVersion> version;  ///< nullopt: as in Found
    std::uint64_t sequence = 0;
  };
  /// get() without a copy of the row.
  [[nodiscard]] FoundVersion find_version(const Key& key) COFFER_EXCLUDES(mutex_);

  /// Of a row in the cache. For the committer alone: nobody else can rely on it for any time.
  [[nodiscard]] std::optional<RowVersion> version(std::string_view key) COFFER_EXCLUDES(mutex_);

  /// The row itself, likewise.
  [[nodiscard]] std::optional<Row> row(std::string_view key) COFFER_EXCLUDES(mutex_);

  /// Does nothing if a commit was published since `read_at`, or memory is short.
  void insert(const Key& key, const Row& row, std::uint64_t read_at) COFFER_EXCLUDES(mutex_);

  /// After the changes are durable: rows that are here follow them, and the sequence moves.
  void publish(std::uint64_t sequence, const Changes& changes) noexcept COFFER_EXCLUDES(mutex_);

  [[nodiscard]] std::size_t bytes() COFFER_EXCLUDES(mutex_);

 private:
  struct Entry {
    Key key;
    Row row;
  };
  using Entries = std::list<Entry>;  ///< most recently used first

  [[nodiscard]] bool fits(std::size_t size) const noexcept;
  void replace(Entries::iterator entry, const std::string& value, RowVersion version) noexcept
      COFFER_REQUIRES(mutex_);
  void remove(Entries::iterator entry) noexcept COFFER_REQUIRES(mutex_);
  void shrink() noexcept COFFER_REQUIRES(mutex_);

  const std::size_t max_bytes_;
  Mutex mutex_;
  std::atomic<std::uint64_t> sequence_;  ///< written under the lock only
  std::size_t bytes_ COFFER_GUARDED_BY(mutex_) = 0;
  Entries entries_ COFFER_GUARDED_BY(mutex_);
  /// Views into entries_, whose nodes don't move.
  std::unordered_map<std::string_view, Entries::iterator> by_key_ COFFER_GUARDED_BY(mutex_);
};

}  // namespace coffer::store
