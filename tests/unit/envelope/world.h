// A vault in memory for the tests of this room: token, store, clock, keyring, sealed store.
#pragma once

#include <gtest/gtest.h>

#include <functional>

#include "coffer/crypto/random.h"
#include "coffer/envelope/sealed_store.h"
#include "fakes/fake_token.h"

namespace coffer::envelope {

class ManualClock final : public Clock {
 public:
  [[nodiscard]] WallTime wall() const override { return WallTime(now_); }
  [[nodiscard]] std::chrono::nanoseconds boottime() const override { return now_; }
  void advance(std::chrono::nanoseconds by) { now_ += by; }

 private:
  std::chrono::nanoseconds now_{std::chrono::hours(24)};
};

/// The value, or a failed test and a default.
template <typename T>
T must(Result<T> result) {
  EXPECT_TRUE(result.ok()) << describe(result.error());
  if constexpr (std::is_default_constructible_v<T>) {
    return result.ok() ? *std::move(result) : T();
  } else {
    return *std::move(result);
  }
}
inline void must(const Result<void>& result) {
  EXPECT_TRUE(result.ok()) << describe(result.error());
}

/// The code of a failure; a success fails the test.
template <typename T>
ErrorCode code_of(const Result<T>& result) {
  EXPECT_FALSE(result.ok());
  return result.ok() ? ErrorCode::internal : result.error().code;
}

inline Uuid id(std::uint8_t fill) {
  Uuid out;
  out.bytes.fill(fill);
  return out;
}

/// A store whose next calls can fail, over one in memory.
class FaultyStore final : public store::Store {
 public:
  std::function<void()> before_commit;  ///< once
  std::optional<Error> fail_commit;
  std::optional<Error> fail_get;  ///< once
  std::size_t commits = 0;
  std::size_t snapshots = 0;

  Result<std::unique_ptr<store::Snapshot>> snapshot() override {
    ++snapshots;
    if (fail_get) return *std::exchange(fail_get, std::nullopt);
    return memory_->snapshot();
  }
  Result<std::vector<store::CommitOutcome>> commit(
      std::span<const store::Transaction> transactions) override {
    ++commits;
    if (const auto hook = std::exchange(before_commit, nullptr); hook) hook();
    if (fail_commit) return *fail_commit;
    return memory_->commit(transactions);
  }
  void keep(std::shared_ptr<store::Ledger> ledger) override { memory_->keep(std::move(ledger)); }
  [[nodiscard]] std::uint64_t sequence() const override { return memory_->sequence(); }
  [[nodiscard]] Uuid node() const override { return memory_->node(); }

 private:
  std::unique_ptr<store::Store> memory_ = store::open_memory_store(id(9));
};

struct World {
  fakes::FakeToken token;
  FaultyStore store;
  ManualClock clock;
  std::unique_ptr<Keyring> keyring;
  std::unique_ptr<SealedStore> sealed;

  explicit World(const CacheConfig& cache = {}, const Uuid& vault = id(1)) {
    keyring = must(Keyring::create(token, vault));
    open(cache);
  }
  void open(const CacheConfig& cache = {}) {
    sealed = must(open_sealed_store(*keyring, token, store, cache, clock));
  }

  std::unique_ptr<SealedTransaction> begin() { return must(sealed->begin()); }

  store::CommitOutcome commit(store::Transaction transaction) {
    const store::Transaction all[] = {std::move(transaction)};
    return must(store.commit(all)).front();
  }
  void commit(SealedTransaction& tx) {
    EXPECT_EQ(commit(tx.take()), store::CommitOutcome::committed);
  }

  void put(const RowName& row, std::string_view value) {
    auto tx = begin();
    must(tx->write(row, value, Expect::anything()));
    commit(*tx);
  }
  void put_secret(const RowName& row, const SecretContext& context, std::string_view value) {
    auto tx = begin();
    must(tx->seal_secret(row, context, value));
    commit(*tx);
  }
  Result<std::string> get_secret(const RowName& row, const SecretContext& context) {
    return begin()->open_secret(row, context);
  }

  /// Every row of the store as it stands on disk, in the order of keys.
  std::vector<std::pair<store::Key, std::string>> raw_rows() {
    std::vector<std::pair<store::Key, std::string>> rows;
    must(must(store.snapshot())->scan({}, [&](const store::Key& key, const store::Row& row) {
      rows.emplace_back(key, row.value);
      return true;
    }));
    return rows;
  }
  /// As someone would who can write the disk.
  void overwrite(const store::Key& key, std::optional<std::string> value) {
    store::Transaction transaction;
    transaction.writes.push_back({key, std::move(value)});
    EXPECT_EQ(commit(std::move(transaction)), store::CommitOutcome::committed);
  }
};

}  // namespace coffer::envelope
