// The store on SQLite: opening it, and handing each call to its part.
#include <mutex>

#include "sqlite_schema.h"
#include "sqlite_snapshot.h"
#include "store_file.h"

namespace coffer::store {
namespace {

class SqliteStore final : public Store {
 public:
  explicit SqliteStore(std::shared_ptr<SqliteParts> parts) : parts_(std::move(parts)) {}

  Result<std::unique_ptr<Snapshot>> snapshot() override {
    return std::unique_ptr<Snapshot>(std::make_unique<SqliteSnapshot>(parts_));
  }
  Result<std::vector<CommitOutcome>> commit(std::span<const Transaction> transactions) override {
    return parts_->writer->commit(transactions, parts_->cache);
  }
  void keep(std::shared_ptr<Ledger> ledger) override { parts_->writer->keep(std::move(ledger)); }
  void sweep() override { parts_->writer->sweep(); }
  std::uint64_t sequence() const override { return parts_->cache.sequence(); }
  Uuid node() const override { return parts_->node; }

 private:
  std::shared_ptr<SqliteParts> parts_;
};

/// SQLite counts every allocation under one mutex of the process unless told not to. Too late (and
/// ignored) if something else has used SQLite already.
void configure_sqlite_once() {
  static std::once_flag once;
  std::call_once(once, [] { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); });
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(const SqliteConfig& config, const Uuid& node) {
  configure_sqlite_once();
  COFFER_TRY(const StorePath path, resolve_path(config.path));
  COFFER_TRY(UniqueFd lock, lock_store(path.file));
  COFFER_TRY(const bool exists, check_files(path.file));
  if (!exists) {
    COFFER_CHECK(make_file(path, [&](const std::string& made) { return make_schema(made, node); }));
  }
  COFFER_CHECK(check_schema(path.file));
  COFFER_TRY(auto writer, SqliteWriter::open(path.file, config.durability));
  COFFER_TRY(const auto found, writer->describe_store());
  // The log was made just now; SQLite ignores a failed sync of its directory entry.
  COFFER_CHECK(sync_directory(path.directory));
  auto parts = std::make_shared<SqliteParts>(std::move(lock), std::move(writer), found,
                                             config.cache_bytes, path.file);
  return std::unique_ptr<Store>(std::make_unique<SqliteStore>(std::move(parts)));
}

}  // namespace coffer::store
