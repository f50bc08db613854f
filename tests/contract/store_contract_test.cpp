// The contract on every implementation; the SQLite one with and without its row cache.
#include <stdlib.h>

#include <filesystem>

#include "contract/store_contract.h"

namespace coffer::store {
namespace {

class MemoryFixture final : public StoreFixture {
 public:
  explicit MemoryFixture(const Uuid& node) : store_(open_memory_store(node)) {}
  Store& store() override { return *store_; }

 private:
  std::unique_ptr<Store> store_;
};

class SqliteFixture final : public StoreFixture {
 public:
  SqliteFixture(const Uuid& node, std::size_t cache_bytes) {
    EXPECT_NE(mkdtemp(directory_.data()), nullptr);
    const SqliteConfig config{directory_ + "/store.db", Durability::crash, cache_bytes};
    auto opened = open_sqlite_store(config, node);
    if (opened.ok()) {
      store_ = *std::move(opened);
    } else {
      ADD_FAILURE() << describe(opened.error());
    }
  }
  ~SqliteFixture() override {
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  SqliteFixture(const SqliteFixture&) = delete;
  SqliteFixture& operator=(const SqliteFixture&) = delete;
  Store& store() override { return *store_; }

 private:
  std::string directory_ = ::testing::TempDir() + "coffer-store-XXXXXX";
  std::unique_ptr<Store> store_;
};

StoreFactory memory() {
  return {"Memory", [](const Uuid& node) { return std::make_unique<MemoryFixture>(node); }};
}

StoreFactory sqlite(const char* name, std::size_t cache_bytes) {
  return {name, [cache_bytes](const Uuid& node) {
            return std::make_unique<SqliteFixture>(node, cache_bytes);
          }};
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreContract,
                         ::testing::Values(memory(), sqlite("Sqlite", std::size_t{8} << 20U),
                                           sqlite("SqliteUncached", 0),
                                           sqlite("SqliteTinyCache", 600)),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace coffer::store
