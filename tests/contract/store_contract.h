// What every Store must do, whatever stands behind it. A suite instantiates it with a factory that
// gives a fresh, empty store.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "coffer/store/store.h"

namespace coffer::store {

/// Owns whatever the store stands on (a directory, say).
class StoreFixture {
 public:
  virtual ~StoreFixture() = default;
  virtual Store& store() = 0;
};

struct StoreFactory {
  std::string name;
  std::function<std::unique_ptr<StoreFixture>(const Uuid& node)> make;
};

inline constexpr Uuid kContractNode{
    {0xc0, 0xff, 0xe7, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 1}};

class StoreContract : public ::testing::TestWithParam<StoreFactory> {
 protected:
  using Outcomes = std::vector<CommitOutcome>;
  using Rows = std::vector<std::pair<std::string, std::string>>;

  void SetUp() override {
    fixture_ = GetParam().make(kContractNode);
    ASSERT_NE(fixture_, nullptr);
  }
  Store& store() { return fixture_->store(); }

  /// Fails the test on an error.
  Outcomes commit(const std::vector<Transaction>& transactions);
  void put(const Key& key, const std::string& value);
  void erase(const Key& key);
  std::unique_ptr<Snapshot> snapshot();
  /// Through a fresh snapshot, again while it says conflict.
  std::optional<Row> get(const Key& key);
  Rows scan(const Key& prefix, std::size_t limit = SIZE_MAX);
  static Rows scan_in(Snapshot& snapshot, const Key& prefix, std::size_t limit = SIZE_MAX);

 private:
  std::unique_ptr<StoreFixture> fixture_;
};

inline constexpr auto kCommitted = CommitOutcome::committed;
inline constexpr auto kFailed = CommitOutcome::precondition_failed;

}  // namespace coffer::store
