#include "coffer/envelope/sealed_store.h"

#include "transaction.h"

namespace coffer::envelope {
namespace {

class OpenStore final : public SealedStore {
 public:
  OpenStore(const Keyring& keyring, pkcs11::Token& token, store::Store& store,
            const CacheConfig& cache, const Clock& clock, std::unique_ptr<WrapCounter> counter)
      : keyring_(keyring),
        store_(store),
        content_keys_(cache, clock),
        counter_(std::move(counter)),
        data_keys_(keyring, token, *counter_),
        places_(keyring) {}

  Result<std::unique_ptr<SealedTransaction>> begin() override {
    return std::unique_ptr<SealedTransaction>(std::make_unique<Transaction>(
        Transaction::Parts{keyring_, store_, data_keys_, content_keys_, places_, opened_}));
  }
  void purge_cache() override {
    content_keys_.purge();
    places_.purge();
    opened_.purge();
  }
  void sweep_cache() override { content_keys_.sweep(); }
  void set_cache_age(std::chrono::seconds max_age) override { content_keys_.set_max_age(max_age); }
  std::uint64_t wraps() const override { return counter_->wraps(); }
  bool rotation_due() const override { return counter_->rotation_due(); }

 private:
  const Keyring& keyring_;
  store::Store& store_;
  ContentKeyCache content_keys_;
  const std::unique_ptr<WrapCounter> counter_;
  DataKeys data_keys_;
  RowPlaces places_;
  OpenedRows opened_;
};

}  // namespace

Result<std::unique_ptr<SealedStore>> open_sealed_store(const Keyring& keyring, pkcs11::Token& token,
                                                       store::Store& store,
                                                       const CacheConfig& cache,
                                                       const Clock& clock) {
  COFFER_TRY(std::unique_ptr<WrapCounter> counter, WrapCounter::open(keyring, store, WrapLimits{}));
  return std::unique_ptr<SealedStore>(
      std::make_unique<OpenStore>(keyring, token, store, cache, clock, std::move(counter)));
}

store::Key keyring_row_key() { return "coffer/keyring"; }

}  // namespace coffer::envelope
