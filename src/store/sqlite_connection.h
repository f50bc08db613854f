// One SQLite connection and its prepared statements. Nothing here is thread-safe: connections are
// opened with NOMUTEX, and their owner sees to it that one thread uses them at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "coffer/base/result.h"
#include "sqlite_handles.h"

namespace coffer::store {

inline constexpr int kBusyMilliseconds = 2000;

enum class Access : std::uint8_t { read_only, read_write };

/// Never makes a file. Whoever opens it, it doesn't checkpoint by itself: not after a commit and
/// not when it closes (docs/formats/store.md, "One writer").
[[nodiscard]] Result<DatabaseHandle> open_database(const std::string& file, Access access);

/// One or more statements without parameters and without results.
[[nodiscard]] Result<void> execute(sqlite3* database, const char* sql, std::string_view tried);

/// A pragma or query that gives one value.
[[nodiscard]] Result<std::int64_t> query_integer(sqlite3* database, const char* sql,
                                                 std::string_view tried);
[[nodiscard]] Result<std::string> query_text(sqlite3* database, const char* sql,
                                             std::string_view tried);

/// A prepared statement, kept as long as its connection.
class Statement final {
 public:
  /// `tried` names it in errors, and is a literal.
  [[nodiscard]] static Result<Statement> prepare(sqlite3* database, std::string_view sql,
                                                 std::string_view tried);

  /// Parameters count from 1. The bytes aren't copied: they stay until reset().
  void bind(int parameter, std::string_view blob) noexcept;
  void bind(int parameter, std::int64_t integer) noexcept;

  /// True: there is a row to read.
  [[nodiscard]] Result<bool> step();
  /// Steps to the end and resets.
  [[nodiscard]] Result<void> run();
  void reset() noexcept;

  // Columns count from 0. Views stay until the next step or reset.
  [[nodiscard]] std::string_view blob(int column) const noexcept;
  [[nodiscard]] std::int64_t integer(int column) const noexcept;

 private:
  Statement(StatementHandle handle, std::string_view tried)
      : handle_(std::move(handle)), tried_(tried) {}

  StatementHandle handle_;
  std::string_view tried_;
  int bind_code_ = SQLITE_OK;  ///< the first failed bind; step() tells it
};

/// A statement that isn't reset holds its read transaction open.
class ResetAtEnd final {
 public:
  explicit ResetAtEnd(Statement& statement) noexcept : statement_(statement) {}
  ~ResetAtEnd() { statement_.reset(); }
  ResetAtEnd(const ResetAtEnd&) = delete;
  ResetAtEnd& operator=(const ResetAtEnd&) = delete;

 private:
  Statement& statement_;
};

}  // namespace coffer::store
