// A transaction of which one call fails when a test says so.
#pragma once

#include "coffer/envelope/sealed_store.h"

namespace coffer::fakes {

/// Used by one thread. erase() and take() can't fail, and don't count.
class FailingTransaction final : public envelope::SealedTransaction {
 public:
  /// The nth call (1 is the first one) does nothing and is `unavailable`; 0: none.
  FailingTransaction(std::unique_ptr<envelope::SealedTransaction> inner, std::size_t n)
      : inner_(std::move(inner)), left_(n) {}
  /// Whether that came to pass.
  [[nodiscard]] bool has_failed() const noexcept { return failed_; }

  Result<std::optional<envelope::OpenedRow>> read(const envelope::RowName& row) override {
    COFFER_CHECK(enter());
    return inner_->read(row);
  }
  Result<void> write(const envelope::RowName& row, std::string_view value,
                     envelope::Expect expect) override {
    COFFER_CHECK(enter());
    return inner_->write(row, value, expect);
  }
  void erase(const envelope::RowName& row, envelope::Expect expect) override {
    inner_->erase(row, expect);
  }
  Result<void> require(const envelope::RowName& row, envelope::Expect expect) override {
    COFFER_CHECK(enter());
    return inner_->require(row, expect);
  }
  Result<store::Key> place(const envelope::RowName& row) const override {
    COFFER_CHECK(enter());
    return inner_->place(row);
  }
  Result<store::RowVersion> version_at(const store::Key& place) override {
    COFFER_CHECK(enter());
    return inner_->version_at(place);
  }
  Result<std::vector<envelope::ListedRow>> list(const envelope::Space& space,
                                                std::string_view parent) override {
    COFFER_CHECK(enter());
    return inner_->list(space, parent);
  }
  Result<std::vector<envelope::ListedRow>> list_some(const envelope::Space& space,
                                                     std::string_view parent,
                                                     std::size_t at_most) override {
    COFFER_CHECK(enter());
    return inner_->list_some(space, parent, at_most);
  }
  Result<void> fix() override {
    COFFER_CHECK(enter());
    return inner_->fix();
  }
  Result<envelope::RowPage> page(const envelope::Space& space, std::string_view parent,
                                 const store::Key& after, std::size_t at_most) override {
    COFFER_CHECK(enter());
    return inner_->page(space, parent, after, at_most);
  }
  Result<std::size_t> count(const envelope::Space& space, std::string_view parent) override {
    COFFER_CHECK(enter());
    return inner_->count(space, parent);
  }
  Result<void> seal_secret(const envelope::RowName& row, const envelope::SecretContext& context,
                           std::string_view value) override {
    COFFER_CHECK(enter());
    return inner_->seal_secret(row, context, value);
  }
  Result<std::string> open_secret(const envelope::RowName& row,
                                  const envelope::SecretContext& context) override {
    COFFER_CHECK(enter());
    return inner_->open_secret(row, context);
  }
  Result<void> erase_secret(const envelope::RowName& row) override {
    COFFER_CHECK(enter());
    return inner_->erase_secret(row);
  }
  store::Transaction take() override { return inner_->take(); }

 private:
  Result<void> enter() const {
    if (left_ == 0 || --left_ > 0) return {};
    failed_ = true;
    return make_error(ErrorCode::unavailable, "the store can't be used", "a test's fault");
  }

  const std::unique_ptr<envelope::SealedTransaction> inner_;
  mutable std::size_t left_;  ///< calls until the one that fails
  mutable bool failed_ = false;
};

}  // namespace coffer::fakes
