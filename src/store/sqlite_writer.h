// The one connection that writes.
//
// It also is the only one that checkpoints, under the same mutex: SQLite 3.7.0 to 3.51.2 can
// corrupt a database when one connection resets the write-ahead log while another checkpoints.
// There is exactly one object of this class in a store, and nothing else opens Access::read_write
// on a store that is in use.
#pragma once

#include <memory>

#include "coffer/base/mutex.h"
#include "row_cache.h"
#include "sqlite_connection.h"

namespace coffer::store {

/// Thread-safe. `cache` outlives it. All readers are closed before it is.
class SqliteWriter final {
 public:
  struct Opened {
    std::uint64_t sequence = 0;
    Uuid node;
  };

  /// Puts the store into WAL mode; reads its log back if the last process died.
  [[nodiscard]] static Result<std::unique_ptr<SqliteWriter>> open(const std::string& file,
                                                                  Durability durability);
  /// Checkpoints and removes the log.
  ~SqliteWriter();
  SqliteWriter(const SqliteWriter&) = delete;
  SqliteWriter& operator=(const SqliteWriter&) = delete;

  /// What the store says about itself; before the first commit.
  [[nodiscard]] Result<Opened> describe_store() COFFER_EXCLUDES(mutex_);

  /// Store::commit(); publishes to `cache` before it lets the next one in.
  [[nodiscard]] Result<std::vector<CommitOutcome>> commit(std::span<const Transaction> transactions,
                                                          RowCache& cache) COFFER_EXCLUDES(mutex_);

  /// Store::keep().
  void keep(std::shared_ptr<Ledger> ledger) COFFER_EXCLUDES(mutex_);

  /// Store::sweep(): empties the log if it may hold what was erased. Waits for no reader; one that
  /// still reads from the log puts it off to the next call.
  void sweep() COFFER_EXCLUDES(mutex_);

 private:
  struct Statements {
    Statement begin, commit, rollback, version, row, put, erase, sequence;
  };
  SqliteWriter(DatabaseHandle database, Statements statements)
      : database_(std::move(database)), statements_(std::move(statements)) {}

  static Result<Statements> prepare(sqlite3* database);
  Result<RowVersion> version_of(const Key& key, RowCache& cache) COFFER_REQUIRES(mutex_);
  Result<std::optional<Row>> row_of(std::string_view key, RowCache& cache) COFFER_REQUIRES(mutex_);
  Result<void> apply(const Changes& changes, RowVersion next) COFFER_REQUIRES(mutex_);
  Result<void> write(const Changes& changes, RowVersion next) COFFER_REQUIRES(mutex_);
  Result<void> make_durable() COFFER_REQUIRES(mutex_);
  Result<void> roll_back() COFFER_REQUIRES(mutex_);
  void checkpoint_if_due() COFFER_REQUIRES(mutex_);
  [[nodiscard]] int checkpoint(int mode) COFFER_REQUIRES(mutex_);

  Mutex mutex_;
  int log_pages_ = 0;  ///< set by SQLite's hook, within commit()
  /// The log may hold rows that were erased since. True at first: the last process may have died.
  bool erased_in_log_ COFFER_GUARDED_BY(mutex_) = true;
  std::shared_ptr<Ledger> ledger_ COFFER_GUARDED_BY(mutex_);
  // The statements go before their connection.
  DatabaseHandle database_;
  Statements statements_ COFFER_GUARDED_BY(mutex_);
};

}  // namespace coffer::store
