// A store of which one call fails when a test says so: its own, or one of its snapshots'.
#pragma once

#include <atomic>
#include <memory>

#include "coffer/store/store.h"

namespace coffer::fakes {

/// Thread-safe.
class FailingStore final : public store::Store {
 public:
  explicit FailingStore(std::unique_ptr<store::Store> inner) : inner_(std::move(inner)) {}

  /// The nth call from now (1 is the next one) does nothing and is `unavailable`, once.
  void fail_nth(std::size_t n) { faults_->left = n; }
  /// Whether that came to pass. What didn't by now won't.
  bool has_failed() { return faults_->left.exchange(0) == 0; }

  Result<std::unique_ptr<store::Snapshot>> snapshot() override;
  Result<std::vector<store::CommitOutcome>> commit(
      std::span<const store::Transaction> transactions) override;
  void keep(std::shared_ptr<store::Ledger> ledger) override { inner_->keep(std::move(ledger)); }
  void sweep() override { inner_->sweep(); }
  [[nodiscard]] std::uint64_t sequence() const override { return inner_->sequence(); }
  [[nodiscard]] Uuid node() const override { return inner_->node(); }

 private:
  class View;
  /// Snapshots may outlive their store.
  struct Faults {
    std::atomic<std::size_t> left = 0;  ///< calls until the one that fails; 0: none will
    [[nodiscard]] Result<void> enter();
  };

  const std::unique_ptr<store::Store> inner_;
  const std::shared_ptr<Faults> faults_ = std::make_shared<Faults>();
};

}  // namespace coffer::fakes
