#include "sqlite_writer.h"

#include "coffer/base/log.h"
#include "failure.h"

namespace coffer::store {
namespace {

constexpr std::string_view kOpen = "open the store for writing";
constexpr std::string_view kCommit = "commit to the store";
constexpr std::string_view kCheckpoint = "checkpoint the store";

/// 16 MiB of log. Larger: fewer checkpoints (each syncs the store and rewrites its pages), a longer
/// log to read back after a crash.
constexpr int kCheckpointPages = 4096;

/// secure_delete: what is erased or overwritten is zeroed, in free pages too.
/// journal_size_limit: after a burst the log shrinks again.
constexpr const char* kPragmas =
    "PRAGMA secure_delete=ON;"
    "PRAGMA journal_size_limit=67108864;";

/// In WAL mode FULL syncs the log at each commit. NORMAL syncs only around checkpoints: commits are
/// in the page cache, which outlives the process, and after a power cut the newest are lost but the
/// store is whole. OFF would be safe for a crash of the process too, but a power cut could then
/// leave a store that can't be read (tried: 1 state in 3).
const char* synchronous(Durability durability) {
  return durability == Durability::power ? "PRAGMA synchronous=FULL;"
                                         : "PRAGMA synchronous=NORMAL;";
}

int remember_log_pages(void* pages, sqlite3*, const char*, int count) {
  *static_cast<int*>(pages) = count;
  return SQLITE_OK;
}

/// Whether a COMMIT that gave `code` surely left nothing in the log that a restart would take for
/// a commit: these come before the frame that commits is written whole.
bool surely_not_committed(int code) {
  return (code & 0xff) == SQLITE_FULL || (code & 0xff) == SQLITE_BUSY ||
         code == SQLITE_IOERR_WRITE || code == SQLITE_IOERR_READ;
}

}  // namespace

Result<std::unique_ptr<SqliteWriter>> SqliteWriter::open(const std::string& file,
                                                         Durability durability) {
  COFFER_TRY(auto database, open_database(file, Access::read_write));
  auto* const raw = database.get();
  COFFER_TRY(const std::string mode, query_text(raw, "PRAGMA journal_mode=WAL", kOpen));
  if (mode != "wal") {
    return make_error(ErrorCode::unavailable, "the store can't have a write-ahead log here",
                      "journal_mode is " + mode);
  }
  COFFER_CHECK(execute(raw, synchronous(durability), kOpen));
  COFFER_CHECK(execute(raw, kPragmas, kOpen));
  COFFER_TRY(auto statements, prepare(raw));
  std::unique_ptr<SqliteWriter> writer(
      new SqliteWriter(std::move(database), std::move(statements)));
  sqlite3_wal_hook(raw, remember_log_pages, &writer->log_pages_);
  return writer;
}

SqliteWriter::~SqliteWriter() {
  const MutexLock lock(mutex_);
  auto* const raw = database_.get();
  if (const int code = checkpoint(SQLITE_CHECKPOINT_TRUNCATE); code != SQLITE_OK) {
    log::warn(describe(sqlite_error(raw, code, kCheckpoint)));
    return;  // the log stays, and the next start reads it
  }
  // Nothing is left to checkpoint; closing as the last connection now only removes the empty log.
  sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
}

Result<SqliteWriter::Statements> SqliteWriter::prepare(sqlite3* database) {
  COFFER_TRY(auto begin, Statement::prepare(database, "BEGIN IMMEDIATE", kCommit));
  COFFER_TRY(auto commit, Statement::prepare(database, "COMMIT", kCommit));
  COFFER_TRY(auto rollback, Statement::prepare(database, "ROLLBACK", kCommit));
  COFFER_TRY(auto version,
             Statement::prepare(database, "SELECT version FROM rows WHERE key=?1", kCommit));
  COFFER_TRY(auto row,
             Statement::prepare(database, "SELECT version, value FROM rows WHERE key=?1", kCommit));
  COFFER_TRY(auto put,
             Statement::prepare(database,
                                "INSERT INTO rows(key, version, value) VALUES(?1, ?2, ?3) "
                                "ON CONFLICT(key) DO UPDATE SET version=?2, value=?3",
                                kCommit));
  COFFER_TRY(auto erase, Statement::prepare(database, "DELETE FROM rows WHERE key=?1", kCommit));
  COFFER_TRY(auto sequence,
             Statement::prepare(database, "UPDATE meta SET sequence=?1 WHERE id=1", kCommit));
  return Statements{std::move(begin), std::move(commit), std::move(rollback), std::move(version),
                    std::move(row),   std::move(put),    std::move(erase),    std::move(sequence)};
}

Result<SqliteWriter::Opened> SqliteWriter::describe_store() {
  const MutexLock lock(mutex_);
  COFFER_TRY(auto select, Statement::prepare(database_.get(),
                                             "SELECT node, sequence FROM meta WHERE id=1", kOpen));
  COFFER_TRY(const bool row, select.step());
  if (!row) return make_error(ErrorCode::corrupt, "the store has lost its meta row");
  COFFER_TRY(const Uuid node, uuid_from(as_bytes(select.blob(0))));
  const auto sequence = select.integer(1);
  if (sequence < 0) return make_error(ErrorCode::corrupt, "the store's sequence is negative");
  return Opened{static_cast<std::uint64_t>(sequence), node};
}

Result<std::vector<CommitOutcome>> SqliteWriter::commit(std::span<const Transaction> transactions,
                                                        RowCache& cache) {
  const MutexLock lock(mutex_);
  // Only this function moves the sequence, so under the mutex it is the store's own.
  const RowVersion next = cache.sequence() + 1;
  const auto version = [&](const Key& key)
                           COFFER_NO_THREAD_SAFETY_ANALYSIS { return version_of(key, cache); };
  COFFER_TRY(auto plan, make_plan(transactions, next, version));
  if (plan.changes.empty()) return std::move(plan.outcomes);
  if (ledger_ != nullptr) {
    const auto row = [&](std::string_view key)
                         COFFER_NO_THREAD_SAFETY_ANALYSIS { return row_of(key, cache); };
    COFFER_CHECK(enter_plan(*ledger_, plan, next, row));
  }
  COFFER_CHECK(apply(plan.changes, next));
  cache.publish(next, plan.changes);
  if (ledger_ != nullptr) ledger_->entered();
  checkpoint_if_due();
  return std::move(plan.outcomes);
}

Result<RowVersion> SqliteWriter::version_of(const Key& key, RowCache& cache) {
  if (const auto cached = cache.version(key)) return *cached;
  auto& select = statements_.version;
  const ResetAtEnd reset_at_end(select);
  select.bind(1, key);
  COFFER_TRY(const bool row, select.step());
  return row ? static_cast<RowVersion>(select.integer(0)) : 0;
}

/// For the ledger, of each row that changes: its pages are the ones that the write needs next.
Result<std::optional<Row>> SqliteWriter::row_of(std::string_view key, RowCache& cache) {
  if (auto cached = cache.row(key)) return cached;
  auto& select = statements_.row;
  const ResetAtEnd reset_at_end(select);
  select.bind(1, key);
  COFFER_TRY(const bool found, select.step());
  if (!found) return std::optional<Row>();
  return std::optional<Row>(
      {std::string(select.blob(1)), static_cast<RowVersion>(select.integer(0))});
}

void SqliteWriter::keep(std::shared_ptr<Ledger> ledger) {
  const MutexLock lock(mutex_);
  ledger_.swap(ledger);
}

Result<void> SqliteWriter::apply(const Changes& changes, RowVersion next) {
  // A rollback that failed last time is tried again, or BEGIN would fail for ever.
  COFFER_CHECK(roll_back());
  auto written = write(changes, next);
  if (!written.ok()) {
    if (const auto undone = roll_back(); !undone.ok()) log::error(undone.error());
    return written;
  }
  return {};
}

Result<void> SqliteWriter::write(const Changes& changes, RowVersion next) {
  const auto version = static_cast<std::int64_t>(next);
  COFFER_CHECK(statements_.begin.run());
  for (const auto& [key, value] : changes) {
    if (!value->has_value()) erased_in_log_ = true;
    auto& statement = value->has_value() ? statements_.put : statements_.erase;
    statement.bind(1, key);
    if (value->has_value()) {
      statement.bind(2, version);
      statement.bind(3, **value);
    }
    COFFER_CHECK(statement.run());
  }
  statements_.sequence.bind(1, version);
  COFFER_CHECK(statements_.sequence.run());
  return make_durable();
}

Result<void> SqliteWriter::make_durable() {
  auto committed = statements_.commit.run();
  if (committed.ok()) return {};
  const int code = sqlite3_extended_errcode(database_.get());
  // The log may hold the whole commit although SQLite says that it failed (its index could not
  // grow, say): a restart would bring it back. To say "nothing was applied" could be a lie.
  if (!surely_not_committed(code)) end_process(committed.error());
  return committed;
}

Result<void> SqliteWriter::roll_back() {
  if (sqlite3_get_autocommit(database_.get()) != 0) return {};
  return statements_.rollback.run();
}

int SqliteWriter::checkpoint(int mode) {
  return sqlite3_wal_checkpoint_v2(database_.get(), nullptr, mode, nullptr, nullptr);
}

void SqliteWriter::checkpoint_if_due() {
  if (log_pages_ < kCheckpointPages) return;
  // Passive: waits for nobody. Readers of old pages make it stop early; it is due again next time.
  const int code = checkpoint(SQLITE_CHECKPOINT_PASSIVE);
  // The commit stands whatever comes of this (a failed sync aside, which ends the process).
  if (code != SQLITE_OK) log::warn(describe(sqlite_error(database_.get(), code, kCheckpoint)));
}

void SqliteWriter::sweep() {
  const MutexLock lock(mutex_);
  if (!erased_in_log_) return;
  auto* const raw = database_.get();
  // The patience of other statements would hold up every commit meanwhile.
  sqlite3_busy_timeout(raw, 0);
  const int code = checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
  sqlite3_busy_timeout(raw, kBusyMilliseconds);
  if (code == SQLITE_OK) {
    erased_in_log_ = false;
    log_pages_ = 0;
  } else if ((code & 0xff) != SQLITE_BUSY) {
    log::warn(describe(sqlite_error(raw, code, kCheckpoint)));
  }
}

}  // namespace coffer::store
