// limit_disk: what the disk under DIR gives, before a vault does anything.
//
//   limit_disk fsync  DIR SECONDS        200-byte appends, an fdatasync after each
//   limit_disk sqlite DIR SECONDS ROWS   rows of 500 bytes, ROWS a commit: rowid table, unique
//   index
//                                        of 32 unordered bytes (as hashed names are), WAL, FULL
//
// Prints one JSON object. Its file in DIR is removed afterwards.
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>
#include <random>
#include <string>

#include "rate.h"

namespace coffer::bench {
namespace {

int fail(const char* what) {
  std::fprintf(stderr, "limit_disk: %s\n", what);
  return 1;
}

int measure_fsync(const std::string& directory, double seconds) {
  const std::string path = directory + "/fsync.bin";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return fail("can't make a file in the directory");
  const std::string line(200, 'x');
  const double found = rate(seconds, [&] {
    const bool written = ::write(fd, line.data(), line.size()) == ssize_t{200};
    return written && ::fdatasync(fd) == 0 ? 1 : -1;
  });
  ::close(fd);
  ::unlink(path.c_str());
  if (found < 0) return fail("an append or a sync failed");
  std::printf("{\"fdatasyncs_per_second\": %.1f}\n", found);
  return 0;
}

using Database = std::unique_ptr<sqlite3, decltype([](sqlite3* p) { sqlite3_close(p); })>;
using Statement =
    std::unique_ptr<sqlite3_stmt, decltype([](sqlite3_stmt* p) { sqlite3_finalize(p); })>;

bool execute(sqlite3* database, const char* sql) {
  return sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK;
}

Database open_database(const std::string& path) {
  sqlite3* raw = nullptr;
  const int opened = sqlite3_open(path.c_str(), &raw);
  Database database(raw);
  if (opened != SQLITE_OK || !execute(raw, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;") ||
      !execute(raw,
               "CREATE TABLE r(id INTEGER PRIMARY KEY, k BLOB, v BLOB);"
               "CREATE UNIQUE INDEX rk ON r(k);")) {
    return nullptr;
  }
  return database;
}

bool insert(sqlite3_stmt* statement, std::mt19937_64& random, const std::string& value) {
  std::array<std::uint64_t, 4> key{random(), random(), random(), random()};
  sqlite3_bind_blob(statement, 1, key.data(), sizeof key, SQLITE_STATIC);
  sqlite3_bind_blob(statement, 2, value.data(), static_cast<int>(value.size()), SQLITE_STATIC);
  const bool done = sqlite3_step(statement) == SQLITE_DONE;
  return sqlite3_reset(statement) == SQLITE_OK && done;
}

double insert_rows(sqlite3* database, double seconds, int rows) {
  sqlite3_stmt* raw = nullptr;
  sqlite3_prepare_v2(database, "INSERT INTO r(k, v) VALUES (?, ?)", -1, &raw, nullptr);
  const Statement statement(raw);
  if (!statement) return -1;
  std::mt19937_64 random(1);
  const std::string value(500, 'x');
  return rate(seconds, [&] {
    if (!execute(database, "BEGIN IMMEDIATE")) return -1;
    for (int i = 0; i < rows; ++i) {
      if (!insert(statement.get(), random, value)) return -1;
    }
    return execute(database, "COMMIT") ? rows : -1;
  });
}

void remove_database(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm"}) ::unlink((path + suffix).c_str());
}

int measure_sqlite(const std::string& directory, double seconds, int rows) {
  const std::string path = directory + "/limit.db";
  remove_database(path);
  Database database = open_database(path);
  if (!database) return fail("can't make a database in the directory");
  const double found = insert_rows(database.get(), seconds, rows);
  database.reset();
  remove_database(path);
  if (found < 0) return fail("a commit failed");
  std::printf("{\"rows_per_commit\": %d, \"rows_per_second\": %.1f}\n", rows, found);
  return 0;
}

template <typename Number>
bool parse(const char* text, Number& out) {
  const char* end = text + std::strlen(text);
  const auto result = std::from_chars(text, end, out);
  return result.ec == std::errc{} && result.ptr == end && out > 0;
}

int run(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  double seconds = 0;
  int rows = 0;
  if (argc == 4 && what == "fsync" && parse(argv[3], seconds)) {
    return measure_fsync(argv[2], seconds);
  }
  if (argc == 5 && what == "sqlite" && parse(argv[3], seconds) && parse(argv[4], rows)) {
    return measure_sqlite(argv[2], seconds, rows);
  }
  std::fprintf(stderr, "usage: limit_disk fsync DIR SECONDS | sqlite DIR SECONDS ROWS\n");
  return 2;
}

}  // namespace
}  // namespace coffer::bench

int main(int argc, char** argv) { return coffer::bench::run(argc, argv); }
