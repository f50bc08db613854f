#include "coffer/envelope/sealed_store.h"

#include "changes.h"
#include "coffer/crypto/digest.h"
#include "coffer/envelope/end_changes.h"
#include "rewrap_step.h"

namespace coffer::envelope {
namespace {

constexpr int kAttempts = 8;

Result<store::RowVersion> look_for_row(const KeyringState& ring, store::Store& store) {
  COFFER_TRY(const auto snapshot, store.snapshot());
  COFFER_TRY(const auto row, snapshot->get(keyring_row_key()));
  if (!row) return store::RowVersion{0};
  COFFER_TRY(const crypto::Sha256 there, crypto::sha256(as_bytes(row->value)));
  if (ring.stored == there) return row->version;
  return make_error(ErrorCode::unavailable, "the stored keyring isn't the one that is open");
}

class OpenStore final : public SealedStore {
 public:
  OpenStore(Keyring& keyring, pkcs11::Token& token, store::Store& store, const CacheConfig& cache,
            const Clock& clock, std::unique_ptr<WrapCounter> counter, store::RowVersion row)
      : keyring_(keyring),
        store_(store),
        content_keys_(cache, clock),
        none_({.entries = 0}, clock),
        data_keys_(token),
        places_(keyring),
        changes_({keyring, token, store, sealings_}) {
    sealings_.publish(keyring.state(), row, std::move(counter));
  }

  Result<std::unique_ptr<SealedTransaction>> begin_uncached() override { return make(none_); }
  Result<std::unique_ptr<SealedTransaction>> begin() override { return make(content_keys_); }
  void watch(std::unique_ptr<SecretWatcher> watcher) { watcher_ = std::move(watcher); }
  [[nodiscard]] SecretWatcher* watcher() const { return watcher_.get(); }
  void purge_cache() override {
    content_keys_.purge();
    places_.purge();
    opened_.purge();
  }
  void sweep_cache() override { content_keys_.sweep(); }
  void set_cache_age(std::chrono::seconds max_age) override { content_keys_.set_max_age(max_age); }
  std::uint64_t wraps() const override { return sealings_.current().counter->wraps(); }
  bool rotation_due() const override { return sealings_.current().counter->rotation_due(); }
  KeyChanges& key_changes() override { return changes_; }
  void end_changes() { changes_.end(); }
  Result<RewrapStep> rewrap(SealedTransaction& tx, const store::Key& after,
                            const RewrapLimits& limits) override {
    return rewrap_step(static_cast<Transaction&>(tx), after, limits);
  }
  Result<RowWalk> walk_rows(SealedTransaction& tx, const store::Key& after,
                            std::size_t most) override {
    return envelope::walk_rows(static_cast<Transaction&>(tx), after, most);
  }

 private:
  Result<std::unique_ptr<SealedTransaction>> make(ContentKeyCache& content_keys) {
    return std::unique_ptr<SealedTransaction>(std::make_unique<Transaction>(Transaction::Parts{
        keyring_, store_, sealings_, data_keys_, content_keys, places_, opened_, watcher_.get()}));
  }

  const Keyring& keyring_;
  store::Store& store_;
  Sealings sealings_;
  ContentKeyCache content_keys_;
  ContentKeyCache none_;  ///< holds nothing, ever
  DataKeys data_keys_;
  RowPlaces places_;
  OpenedRows opened_;
  Changes changes_;
  std::unique_ptr<SecretWatcher> watcher_;
};

}  // namespace

Result<std::unique_ptr<SealedStore>> open_sealed_store(Keyring& keyring, pkcs11::Token& token,
                                                       store::Store& store,
                                                       const CacheConfig& cache,
                                                       const Clock& clock) {
  COFFER_TRY(const store::RowVersion row, row_version_of(keyring.state(), store));
  COFFER_TRY(std::unique_ptr<WrapCounter> counter, WrapCounter::open(keyring, store, WrapLimits{}));
  return std::unique_ptr<SealedStore>(
      std::make_unique<OpenStore>(keyring, token, store, cache, clock, std::move(counter), row));
}

Result<store::RowVersion> row_version_of(const KeyringState& ring, store::Store& store) {
  for (int attempt = 1;; ++attempt) {
    Result<store::RowVersion> version = look_for_row(ring, store);
    const bool overtaken = !version.ok() && version.error().code == ErrorCode::conflict;
    if (!overtaken || attempt == kAttempts) return version;
  }
}

void end_key_changes(SealedStore& store) { static_cast<OpenStore&>(store).end_changes(); }

void watch_secrets(SealedStore& store, std::unique_ptr<SecretWatcher> watcher) {
  static_cast<OpenStore&>(store).watch(std::move(watcher));
}

SecretWatcher* watcher_of(SealedStore& store) { return static_cast<OpenStore&>(store).watcher(); }

store::Key keyring_row_key() { return "coffer/keyring"; }
store::Key announcements_row_key() { return "coffer/signers"; }

}  // namespace coffer::envelope
