// What the SQLite store's tests share: a directory of their own, and calls that fail the test.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coffer/store/store.h"

namespace coffer::store {

class TempDir final {
 public:
  TempDir() { EXPECT_NE(::mkdtemp(path_.data()), nullptr); }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_ = ::testing::TempDir() + "coffer-store-XXXXXX";
};

inline constexpr Uuid kNode{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};

inline std::unique_ptr<Store> open_or_fail(const SqliteConfig& config) {
  auto opened = open_sqlite_store(config, kNode);
  if (opened.ok()) return *std::move(opened);
  ADD_FAILURE() << describe(opened.error());
  return nullptr;
}

inline Result<std::vector<CommitOutcome>> put(Store& store, std::vector<Write> writes) {
  const Transaction transaction{{}, std::move(writes)};
  return store.commit({&transaction, 1});
}

inline std::optional<Row> get(Store& store, const Key& key) {
  for (;;) {
    auto snapshot = store.snapshot();
    if (!snapshot.ok()) return std::nullopt;
    auto row = (*snapshot)->get(key);
    if (row.ok()) return *std::move(row);
    if (row.error().code == ErrorCode::conflict) continue;
    ADD_FAILURE() << describe(row.error());
    return std::nullopt;
  }
}

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline bool file_exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

/// "ok" if SQLite finds nothing wrong. The store is closed.
std::string integrity_of(const std::string& path);

/// Runs statements on a file with SQLite itself, as another program would.
void run_sql(const std::string& path, const std::string& sql);

}  // namespace coffer::store
