#include "fakes/failing_store.h"

namespace coffer::fakes {

Result<void> FailingStore::Faults::enter() {
  std::size_t now = left;
  while (now > 0 && !left.compare_exchange_weak(now, now - 1)) {
  }
  if (now != 1) return {};
  return make_error(ErrorCode::unavailable, "the store can't be used", "a test's fault");
}

class FailingStore::View final : public store::Snapshot {
 public:
  using Visit = std::function<bool(const store::Key&, const store::Row&)>;

  View(std::unique_ptr<store::Snapshot> inner, std::shared_ptr<Faults> faults)
      : inner_(std::move(inner)), faults_(std::move(faults)) {}

  [[nodiscard]] std::uint64_t sequence() const override { return inner_->sequence(); }
  Result<void> fix() override {
    COFFER_CHECK(faults_->enter());
    return inner_->fix();
  }
  Result<std::optional<store::Row>> get(const store::Key& key) override {
    COFFER_CHECK(faults_->enter());
    return inner_->get(key);
  }
  Result<store::RowVersion> version(const store::Key& key) override {
    COFFER_CHECK(faults_->enter());
    return inner_->version(key);
  }
  Result<void> scan(const store::Key& prefix, const Visit& visit) override {
    COFFER_CHECK(faults_->enter());
    return inner_->scan(prefix, visit);
  }
  Result<void> scan_after(const store::Key& after, const Visit& visit) override {
    COFFER_CHECK(faults_->enter());
    return inner_->scan_after(after, visit);
  }

 private:
  const std::unique_ptr<store::Snapshot> inner_;
  const std::shared_ptr<Faults> faults_;
};

Result<std::unique_ptr<store::Snapshot>> FailingStore::snapshot() {
  COFFER_CHECK(faults_->enter());
  COFFER_TRY(auto made, inner_->snapshot());
  return std::unique_ptr<store::Snapshot>(std::make_unique<View>(std::move(made), faults_));
}

Result<std::vector<store::CommitOutcome>> FailingStore::commit(
    std::span<const store::Transaction> transactions) {
  COFFER_CHECK(faults_->enter());
  return inner_->commit(transactions);
}

}  // namespace coffer::fakes
