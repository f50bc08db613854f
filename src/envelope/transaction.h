// A request's view of the store. Private to the room.
#pragma once

#include <map>

#include "content_key_cache.h"
#include "data_keys.h"
#include "opened_rows.h"
#include "row_places.h"

#include "coffer/envelope/secret_watcher.h"

namespace coffer::envelope {

/// Used by one thread; what it is given outlives it. The snapshot is taken at the first read.
class Transaction final : public SealedTransaction {
 public:
  struct Parts {
    const Keyring& keyring;
    store::Store& store;
    const Sealings& sealings;
    DataKeys& data_keys;
    ContentKeyCache& content_keys;
    RowPlaces& places;
    OpenedRows& opened;
    SecretWatcher* watcher = nullptr;
  };
  explicit Transaction(const Parts& parts) : parts_(parts) {}

  Result<std::optional<OpenedRow>> read(const RowName& row) override;
  Result<void> write(const RowName& row, std::string_view value, Expect expect) override;
  void erase(const RowName& row, Expect expect) override;
  Result<void> require(const RowName& row, Expect expected) override;
  Result<store::Key> place(const RowName& row) const override;
  Result<store::RowVersion> version_at(const store::Key& place) override;
  Result<std::vector<ListedRow>> list(const Space& space, std::string_view parent) override;
  Result<std::vector<ListedRow>> list_some(const Space& space, std::string_view parent,
                                           std::size_t at_most) override;
  Result<RowPage> page(const Space& space, std::string_view parent, const store::Key& after,
                       std::size_t at_most) override;
  Result<std::size_t> count(const Space& space, std::string_view parent) override;
  Result<void> fix() override;
  Result<void> seal_secret(const RowName& row, const SecretContext& context,
                           std::string_view value) override;
  Result<std::string> open_secret(const RowName& row, const SecretContext& context) override;
  Result<void> erase_secret(const RowName& row) override;
  store::Transaction take() override;

  // For work over the whole store (rewrap.cpp, row_walk.cpp).
  [[nodiscard]] Result<store::Snapshot*> snapshot();
  [[nodiscard]] Result<ByteView> bind_key(const Record& record) const;
  /// `sealed` as it is stored in `version`; 0: it is only staged.
  [[nodiscard]] Result<OpenRow> open(const store::Key& key, store::RowVersion version,
                                     std::string_view sealed) const;
  /// Stages what goes in place of the row that was read in this version.
  void replace(const store::Key& key, store::RowVersion version, std::string sealed);
  /// What is staged holds only as long as the keyring stands as it did for `sealing`.
  void expect_keyring(const Sealing& sealing);
  [[nodiscard]] const Parts& parts() const noexcept { return parts_; }

 private:
  /// As sealed; nullopt: erased.
  using Staged = std::map<store::Key, std::optional<std::string>>;

  [[nodiscard]] Result<std::optional<store::Row>> stored(const store::Key& key);
  /// What stands there now, with what is staged over it; the version is always that of the store.
  [[nodiscard]] Result<std::optional<store::Row>> current(const store::Key& key);
  [[nodiscard]] Result<void> list_stored(const store::Key& prefix, std::size_t at_most,
                                         std::vector<ListedRow>& rows);
  [[nodiscard]] Result<void> list_staged(const store::Key& prefix, std::size_t at_most,
                                         std::vector<ListedRow>& rows);
  [[nodiscard]] Result<void> add(const store::Key& key, store::RowVersion version,
                                 std::string_view sealed, std::vector<ListedRow>& rows) const;
  /// From the cache, if it is good for the record or for what it was rewrapped from.
  [[nodiscard]] Result<SharedContentKey> known_content_key(const Record& record,
                                                           const std::string& context) const;
  /// From the cache, or by way of the token.
  [[nodiscard]] Result<SharedContentKey> content_key_of(const Record& record,
                                                        const std::string& context);
  void expect(const store::Key& key, const Expect& expect);

  const Parts parts_;
  std::unique_ptr<store::Snapshot> snapshot_;
  Staged staged_;
  std::vector<store::Precondition> preconditions_;
  bool broken_ = false;  ///< an erase() that couldn't be staged: nothing of this may be committed
};

}  // namespace coffer::envelope
