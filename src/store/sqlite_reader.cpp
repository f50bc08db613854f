#include "sqlite_reader.h"

#include "coffer/base/log.h"

namespace coffer::store {
namespace {

/// The inner pages of both B-trees of a million secrets (some 2,300 of 4 KiB), so that a get reads
/// but the leaves. SQLite's own default, 2 MiB, holds a quarter of them. It fills as it is needed.
constexpr const char* kPageCache = "PRAGMA cache_size=-16384";
constexpr std::string_view kRead = "read from the store";
constexpr std::size_t kPageBytes = std::size_t{1} << 20U;
/// More than the daemon has workers; a burst beyond them opens and closes.
constexpr std::size_t kMaxIdle = 32;

bool starts_with(std::string_view key, std::string_view prefix) {
  return key.substr(0, prefix.size()) == prefix;
}

}  // namespace

Result<std::unique_ptr<SqliteReader>> SqliteReader::open(const std::string& file) {
  COFFER_TRY(auto database, open_database(file, Access::read_only));
  auto* const raw = database.get();
  COFFER_CHECK(execute(raw, kPageCache, kRead));
  COFFER_TRY(auto begin, Statement::prepare(raw, "BEGIN", kRead));
  COFFER_TRY(auto end, Statement::prepare(raw, "COMMIT", kRead));
  COFFER_TRY(auto sequence, Statement::prepare(raw, "SELECT sequence FROM meta WHERE id=1", kRead));
  COFFER_TRY(auto get,
             Statement::prepare(raw, "SELECT version, value FROM rows WHERE key=?1", kRead));
  COFFER_TRY(auto scan, Statement::prepare(raw,
                                           "SELECT key, version, value FROM rows WHERE key>=?1 "
                                           "ORDER BY key LIMIT ?2",
                                           kRead));
  return std::unique_ptr<SqliteReader>(new SqliteReader(
      std::move(database),
      {std::move(begin), std::move(end), std::move(sequence), std::move(get), std::move(scan)}));
}

Result<std::uint64_t> SqliteReader::begin() {
  COFFER_CHECK(statements_.begin.run());
  // BEGIN takes nothing yet; this first read fixes what the transaction sees.
  auto& select = statements_.sequence;
  const ResetAtEnd reset_at_end(select);
  COFFER_TRY(const bool row, select.step());
  if (!row) return make_error(ErrorCode::corrupt, "the store has lost its meta row");
  return static_cast<std::uint64_t>(select.integer(0));
}

Result<void> SqliteReader::end() { return statements_.end.run(); }

Result<std::optional<Row>> SqliteReader::get(const Key& key) {
  auto& select = statements_.get;
  const ResetAtEnd reset_at_end(select);
  select.bind(1, key);
  COFFER_TRY(const bool row, select.step());
  if (!row) return std::optional<Row>();
  return std::optional<Row>(
      Row{std::string(select.blob(1)), static_cast<RowVersion>(select.integer(0))});
}

Result<SqliteReader::Page> SqliteReader::page(const Key& start, const Key& prefix,
                                              std::size_t limit) {
  auto& select = statements_.scan;
  const ResetAtEnd reset_at_end(select);
  select.bind(1, start);
  select.bind(2, static_cast<std::int64_t>(limit));
  Page page;
  std::size_t bytes = 0;
  while (page.rows.size() < limit && bytes < kPageBytes) {
    COFFER_TRY(const bool row, select.step());
    if (!row || !starts_with(select.blob(0), prefix)) {
      page.last = true;
      break;
    }
    page.rows.emplace_back(
        std::string(select.blob(0)),
        Row{std::string(select.blob(2)), static_cast<RowVersion>(select.integer(1))});
    bytes += page.rows.back().first.size() + page.rows.back().second.value.size();
  }
  return page;
}

ReaderLease::~ReaderLease() {
  if (reader_ == nullptr) return;
  if (const auto ended = reader_->end(); !ended.ok()) {
    log::warn(describe(ended.error()));
    return;
  }
  pool_->give_back(std::move(reader_));
}

Result<ReaderLease> ReaderPool::lend() {
  auto reader = take_idle();
  if (reader == nullptr) {
    COFFER_TRY(reader, SqliteReader::open(file_));
  }
  // On an error the connection closes.
  COFFER_TRY(const auto sequence, reader->begin());
  return ReaderLease(*this, std::move(reader), sequence);
}

std::unique_ptr<SqliteReader> ReaderPool::take_idle() {
  const MutexLock lock(mutex_);
  if (idle_.empty()) return nullptr;
  auto reader = std::move(idle_.back());
  idle_.pop_back();
  return reader;
}

void ReaderPool::give_back(std::unique_ptr<SqliteReader> reader) {
  const MutexLock lock(mutex_);
  if (idle_.size() < kMaxIdle) idle_.push_back(std::move(reader));
}

}  // namespace coffer::store
