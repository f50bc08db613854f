// What all rows of the store come to, kept within each commit: whoever puts an older row back,
// takes one away, or brings a whole older store, is found out. docs/formats/row-sums.md.
//
// A keyed additive multiset hash (MSet-Add-Hash of Clarke, Devadas, van Dijk, Gassend and Suh,
// "Incremental Multiset Hash Functions", 2003): the sum, modulo 2^512, of an HMAC of each row with
// its key, version and value. Its values never leave sealed: from sums that are known, rows could
// be chosen that come to the same (Wagner's generalised birthday problem).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "coffer/crypto/digest.h"
#include "coffer/envelope/sealed_store.h"

namespace coffer::envelope {

/// The rows directly under one parent.
struct RowGroup {
  Space space;
  std::string parent;
};

/// What lines of the log and anchors say of the store, after one commit. Tells nothing of the rows.
struct StoreState {
  std::uint64_t sequence = 0;
  crypto::Sha256 commitment{};
  bool operator==(const StoreState&) const = default;
};

/// Kept over a store from the moment at which the keyring is open: all commits pass it. Rows are of
/// two kinds, summed up apart: those of authority, few, which are checked before anything is
/// served; and the rest. Thread-safe. Keyring and store outlive it, or it is closed before they go.
class RowSums final : public store::Ledger {
 public:
  /// Reads the sums that the store has. not_found: it has none. corrupt: they aren't this vault's,
  /// or the store was committed to by something that doesn't keep them.
  [[nodiscard]] static Result<std::shared_ptr<RowSums>> load(const Keyring& keyring,
                                                             store::Store& store,
                                                             std::span<const RowGroup> authority);
  /// Sums up all rows as they are, and commits the result. Nobody else may commit meanwhile.
  /// conflict: somebody did.
  [[nodiscard]] static Result<std::shared_ptr<RowSums>> take_stock(
      const Keyring& keyring, store::Store& store, std::span<const RowGroup> authority);
  ~RowSums() override;

  [[nodiscard]] Result<store::Write> enter(std::uint64_t sequence,
                                           std::span<const store::Change> changes) override;
  void entered() noexcept override;
  /// Refuses every commit from now on: the vault is sealed. state() goes on.
  void stop() noexcept;
  /// Likewise, and forgets its keys.
  void close() noexcept;

  /// After the last commit. unavailable: closed.
  [[nodiscard]] Result<StoreState> state() const;
  /// Rises with each commit that changes a row of authority.
  [[nodiscard]] std::uint64_t authority_changes() const noexcept;

  /// Compares the rows with the sums. corrupt: they differ. Authority alone: nobody may commit
  /// meanwhile. All: on one snapshot, beside everyone else; `go_on` is asked now and then, and
  /// false ends it with `unavailable`.
  [[nodiscard]] Result<void> check_authority() const;
  [[nodiscard]] Result<void> check_all(const std::function<bool()>& go_on) const;

 private:
  struct Impl;
  explicit RowSums(std::unique_ptr<Impl> impl);
  [[nodiscard]] static Result<std::shared_ptr<RowSums>> make(const Keyring& keyring,
                                                             store::Store& store,
                                                             std::span<const RowGroup> authority);
  std::unique_ptr<Impl> impl_;
};

/// Where the sums stand in the store.
[[nodiscard]] store::Key row_sums_row_key();

}  // namespace coffer::envelope
