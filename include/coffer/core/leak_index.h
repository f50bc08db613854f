// Which of our values is this? An index of fingerprints, kept in the transactions that write and
// erase secrets, so that a value found outside leads to all places where it stands.
// docs/formats/leaks.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "coffer/core/allowance.h"
#include "coffer/core/mounts.h"
#include "coffer/core/unsealed.h"
#include "coffer/engine/readable.h"
#include "coffer/envelope/secret_watcher.h"

namespace coffer::core {

inline constexpr std::size_t kLeastLeakBytes = 12;  ///< shorter values have no fingerprint
/// Of one version of a secret; the strings behind them have none.
inline constexpr std::size_t kMostLeakLeaves = 1000;
/// Of one value; where more stand, these are told.
inline constexpr std::size_t kMostLeakPlaces = 100;

/// Where a value stands.
struct LeakPlace {
  Uuid mount;
  std::string path;  ///< the secret's, as its engine binds it
  std::uint64_t version = 0;
  std::string key;  ///< JSON pointer (RFC 6901) into the secret, cut after 256 bytes
};

struct LeakMark;  ///< private to the room

/// Thread-safe. What it is given outlives it.
class LeakIndex final : public envelope::SecretWatcher {
 public:
  LeakIndex(const envelope::Keyring& keyring, Mounts& mounts)
      : keyring_(keyring), mounts_(mounts) {}

  /// Stages the rows of a secret whose engine is Readable.
  [[nodiscard]] Result<void> sealed(envelope::SealedTransaction& tx, const envelope::RowName& row,
                                    const envelope::SecretContext& context,
                                    std::string_view value) override;
  [[nodiscard]] Result<void> erased(envelope::SealedTransaction& tx,
                                    const envelope::RowName& row) override;

  /// For secrets from before the index: as sealed(), and noted even if there is nothing in it.
  /// nullptr for `value`: it can't be opened.
  [[nodiscard]] Result<void> add(envelope::SealedTransaction& tx, const engine::Readable& engine,
                                 const envelope::RowName& row,
                                 const envelope::SecretContext& context, const std::string* value);
  [[nodiscard]] Result<bool> holds(envelope::SealedTransaction& tx,
                                   const envelope::RowName& row) const;

  /// How many values each caller may have looked for.
  [[nodiscard]] Allowance& checks() noexcept { return checks_; }

  /// In no order. By each `fingerprint` key that the keyring still has.
  [[nodiscard]] Result<std::vector<LeakPlace>> find(envelope::SealedTransaction& tx,
                                                    std::string_view value) const;

 private:
  /// nullptr: nothing of this mount is looked for.
  [[nodiscard]] Result<const engine::Readable*> readable(envelope::SealedTransaction& tx,
                                                         const Uuid& mount) const;
  [[nodiscard]] Result<LeakMark> mark_of(const engine::Readable& engine,
                                         const envelope::SecretContext& context,
                                         std::string_view value) const;
  [[nodiscard]] static Result<void> stage(envelope::SealedTransaction& tx,
                                          const envelope::RowName& row, const LeakMark& mark);

  const envelope::Keyring& keyring_;
  Mounts& mounts_;
  Allowance checks_{kLeakChecks};
};

/// Has the index watch the vault's store, which holds it from then on. Once its mounts are there.
void add_leak_index(Unsealed& vault);
/// Precondition: it was added.
[[nodiscard]] LeakIndex& leak_index(Unsealed& vault);

}  // namespace coffer::core
