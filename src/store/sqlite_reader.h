// Connections that only read, and the pool that lends them to snapshots.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "coffer/base/mutex.h"
#include "coffer/store/store.h"
#include "sqlite_connection.h"

namespace coffer::store {

using KeyedRow = std::pair<Key, Row>;

/// One thread at a time. Opened read-only: it can't write and it can't checkpoint.
class SqliteReader final {
 public:
  [[nodiscard]] static Result<std::unique_ptr<SqliteReader>> open(const std::string& file);

  /// Starts a read transaction and gives the sequence that it sees.
  [[nodiscard]] Result<std::uint64_t> begin();
  [[nodiscard]] Result<void> end();

  [[nodiscard]] Result<std::optional<Row>> get(const Key& key);

  struct Page {
    std::vector<KeyedRow> rows;
    bool last = false;
  };
  /// Rows from `start` on that begin with `prefix`: at most `limit`, and about a megabyte.
  [[nodiscard]] Result<Page> page(const Key& start, const Key& prefix, std::size_t limit);

 private:
  struct Statements {
    Statement begin, end, sequence, get, scan;
  };
  SqliteReader(DatabaseHandle database, Statements statements)
      : database_(std::move(database)), statements_(std::move(statements)) {}

  // The statements go before their connection.
  DatabaseHandle database_;
  Statements statements_;
};

class ReaderPool;

/// A reader with an open read transaction. Ends it and goes back to the pool, or, if that fails, is
/// closed.
class ReaderLease final {
 public:
  ReaderLease(ReaderPool& pool, std::unique_ptr<SqliteReader> reader, std::uint64_t sequence)
      : pool_(&pool), reader_(std::move(reader)), sequence_(sequence) {}
  ~ReaderLease();
  ReaderLease(ReaderLease&&) noexcept = default;
  ReaderLease& operator=(ReaderLease&&) = delete;

  [[nodiscard]] SqliteReader& operator*() const noexcept { return *reader_; }
  [[nodiscard]] SqliteReader* operator->() const noexcept { return reader_.get(); }
  [[nodiscard]] std::uint64_t sequence() const noexcept { return sequence_; }

 private:
  ReaderPool* pool_;
  std::unique_ptr<SqliteReader> reader_;
  std::uint64_t sequence_;
};

/// Thread-safe. Outlives its leases. Never waits: a thread may hold several snapshots, and one that
/// waited for its own would wait for ever.
class ReaderPool final {
 public:
  explicit ReaderPool(std::string file) : file_(std::move(file)) {}
  [[nodiscard]] Result<ReaderLease> lend() COFFER_EXCLUDES(mutex_);

 private:
  friend class ReaderLease;
  std::unique_ptr<SqliteReader> take_idle() COFFER_EXCLUDES(mutex_);
  void give_back(std::unique_ptr<SqliteReader> reader) COFFER_EXCLUDES(mutex_);

  const std::string file_;
  Mutex mutex_;
  std::vector<std::unique_ptr<SqliteReader>> idle_ COFFER_GUARDED_BY(mutex_);
};

}  // namespace coffer::store
