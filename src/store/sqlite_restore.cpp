// Filling a store and putting it in place. What may go wrong where: docs/formats/store.md.
#include "coffer/store/restore.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "coffer/base/log.h"
#include "failure.h"
#include "sqlite_schema.h"
#include "sqlite_writer.h"
#include "store_file.h"

namespace coffer::store {
namespace {

constexpr std::string_view kFill = "fill a store";

/// No journal: what fails is thrown away as a file.
constexpr const char* kFast = "PRAGMA journal_mode=OFF;PRAGMA synchronous=OFF;BEGIN IMMEDIATE;";

Result<void> insert_rows(sqlite3* database, const Filling& filling) {
  COFFER_TRY(auto insert,
             Statement::prepare(database,
                                "INSERT INTO rows(key, version, value) VALUES(?1, ?2, ?3)", kFill));
  Key key;
  Row row;
  for (;;) {
    COFFER_TRY(const bool more, filling.feed(key, row));
    if (!more) return {};
    if (row.version == 0 || row.version > filling.sequence) {
      return make_error(ErrorCode::corrupt, "a row is newer than the store that it is for");
    }
    insert.bind(1, key);
    insert.bind(2, static_cast<std::int64_t>(row.version));
    insert.bind(3, row.value);
    COFFER_CHECK(insert.run());
  }
}

Result<void> fill(const std::string& file, const Filling& filling) {
  COFFER_CHECK(make_schema(file, filling.node));
  COFFER_TRY(const auto database, open_database(file, Access::read_write));
  COFFER_CHECK(execute(database.get(), kFast, kFill));
  COFFER_CHECK(insert_rows(database.get(), filling));
  {
    COFFER_TRY(auto sequence,
               Statement::prepare(database.get(), "UPDATE meta SET sequence=?1 WHERE id=1", kFill));
    sequence.bind(1, static_cast<std::int64_t>(filling.sequence));
    COFFER_CHECK(sequence.run());
  }
  return execute(database.get(), "COMMIT;", kFill);
}

bool there(const std::string& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0;
}

/// Folds the log of the last process into the database, and removes it: a log beside a database
/// that it isn't of would be replayed into that.
Result<void> settle(const std::string& file) {
  const auto known = check_schema(file);
  if (!known.ok()) {
    // Of a later program: not ours to put away. Damaged: that is what a restore is for.
    if (known.error().code == ErrorCode::precondition) return known;
    log::warn(describe(known.error()));
    return {};
  }
  const auto writer = SqliteWriter::open(file, Durability::power);
  if (!writer.ok()) log::warn(describe(writer.error()));
  return {};
}

Result<void> move(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return {};
  return system_error(errno == EEXIST ? ErrorCode::conflict : ErrorCode::unavailable,
                      "could not rename a file of the store", from + " to " + to);
}

/// What settle() couldn't fold in goes aside with its database, and first: until the exchange there
/// is a damaged store without its log, never a whole one with another's.
Result<void> move_log(const StorePath& path, const std::string& aside) {
  if (there(path.file + "-wal")) COFFER_CHECK(move(path.file + "-wal", aside + "-wal"));
  for (const char* suffix : {"-shm", "-journal"}) {
    if (::unlink((path.file + suffix).c_str()) != 0 && errno != ENOENT) {
      return system_error(ErrorCode::unavailable, "could not remove a file of the store",
                          path.file + suffix);
    }
  }
  return sync_directory(path.directory);
}

/// The new one gets the name of the old one and the other way round, at once.
Result<void> exchange(const StorePath& path, const std::string& made, const std::string& aside) {
  COFFER_CHECK(move(made, aside));
  if (::renameat2(AT_FDCWD, aside.c_str(), AT_FDCWD, path.file.c_str(), RENAME_EXCHANGE) == 0) {
    return {};
  }
  return system_error(
      ErrorCode::unavailable,
      "could not exchange two files of the store; its file system may not be able to", path.file);
}

}  // namespace

Result<bool> replace_sqlite_store(const std::string& path_text, const Filling& filling) {
  COFFER_TRY(const StorePath path, resolve_path(path_text));
  COFFER_TRY(const UniqueFd lock, lock_store(path.file));
  COFFER_TRY(const bool exists, check_files(path.file));
  const std::string aside = path.directory + "/" + filling.aside;
  if (exists && (filling.aside.empty() || there(aside))) {
    return make_error(ErrorCode::conflict, "a store is there already", path.file);
  }
  const std::string made = path.file + ".restore";
  COFFER_CHECK(fill_file(made, [&](const std::string& file) { return fill(file, filling); }));
  if (exists) {
    COFFER_CHECK(settle(path.file));
    COFFER_CHECK(move_log(path, aside));
    COFFER_CHECK(exchange(path, made, aside));
  } else {
    COFFER_CHECK(move(made, path.file));
  }
  COFFER_CHECK(sync_directory(path.directory));
  return exists;
}

}  // namespace coffer::store
