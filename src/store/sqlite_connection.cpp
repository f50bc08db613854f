#include "sqlite_connection.h"

#include "failure.h"
#include "tidy_vfs.h"

namespace coffer::store {
namespace {

constexpr std::string_view kOpen = "open the store";

/// mmap_size=0: a failed read of a mapping is a SIGBUS, not an error. trusted_schema and
/// cell_size_check: a file that somebody prepared must not run functions or walk out of a page.
constexpr const char* kPragmas =
    "PRAGMA mmap_size=0;"
    "PRAGMA wal_autocheckpoint=0;"
    "PRAGMA trusted_schema=OFF;"
    "PRAGMA cell_size_check=ON;"
    "PRAGMA temp_store=MEMORY;";

}  // namespace

Result<DatabaseHandle> open_database(const std::string& file, Access access) {
  const int mode = access == Access::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  sqlite3* raw = nullptr;
  const int opened = sqlite3_open_v2(
      file.c_str(), &raw, mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE,
      access == Access::read_only ? nullptr : tidy_vfs());
  DatabaseHandle database(raw);
  if (opened != SQLITE_OK) return sqlite_error(raw, opened, kOpen);

  int set = 0;
  const int configured = sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, &set);
  if (configured != SQLITE_OK || set != 1) return sqlite_error(raw, configured, kOpen);
  sqlite3_busy_timeout(raw, kBusyMilliseconds);
  COFFER_CHECK(execute(raw, kPragmas, kOpen));
  return database;
}

Result<void> execute(sqlite3* database, const char* sql, std::string_view tried) {
  const int code = sqlite3_exec(database, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return sqlite_error(database, code, tried);
  return {};
}

Result<std::int64_t> query_integer(sqlite3* database, const char* sql, std::string_view tried) {
  COFFER_TRY(auto statement, Statement::prepare(database, sql, tried));
  COFFER_TRY(const bool row, statement.step());
  if (!row) return make_error(ErrorCode::corrupt, "a value of the store is missing", sql);
  return statement.integer(0);
}

Result<std::string> query_text(sqlite3* database, const char* sql, std::string_view tried) {
  COFFER_TRY(auto statement, Statement::prepare(database, sql, tried));
  COFFER_TRY(const bool row, statement.step());
  if (!row) return make_error(ErrorCode::corrupt, "a value of the store is missing", sql);
  return std::string(statement.blob(0));
}

Result<Statement> Statement::prepare(sqlite3* database, std::string_view sql,
                                     std::string_view tried) {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v3(database, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  StatementHandle handle(raw);
  if (code != SQLITE_OK) return sqlite_error(database, code, tried);
  return Statement(std::move(handle), tried);
}

void Statement::bind(int parameter, std::string_view blob) noexcept {
  // A null pointer would bind NULL instead of no bytes.
  const char* data = blob.data() == nullptr ? "" : blob.data();
  const int code = sqlite3_bind_blob64(handle_.get(), parameter, data, blob.size(), SQLITE_STATIC);
  if (bind_code_ == SQLITE_OK) bind_code_ = code;
}

void Statement::bind(int parameter, std::int64_t integer) noexcept {
  const int code = sqlite3_bind_int64(handle_.get(), parameter, integer);
  if (bind_code_ == SQLITE_OK) bind_code_ = code;
}

Result<bool> Statement::step() {
  const int code = bind_code_ == SQLITE_OK ? sqlite3_step(handle_.get()) : bind_code_;
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return sqlite_error(sqlite3_db_handle(handle_.get()), code, tried_);
}

Result<void> Statement::run() {
  const ResetAtEnd reset_at_end(*this);
  COFFER_TRY(bool row, step());
  while (row) {
    COFFER_TRY(const bool next, step());
    row = next;
  }
  return {};
}

void Statement::reset() noexcept {
  // Its code repeats what the last step() gave.
  sqlite3_reset(handle_.get());
  bind_code_ = SQLITE_OK;
}

std::string_view Statement::blob(int column) const noexcept {
  const void* data = sqlite3_column_blob(handle_.get(), column);
  const int size = sqlite3_column_bytes(handle_.get(), column);
  if (data == nullptr || size <= 0) return {};
  return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

std::int64_t Statement::integer(int column) const noexcept {
  return sqlite3_column_int64(handle_.get(), column);
}

}  // namespace coffer::store
