// The only view of storage that engines get: rows by name, sealed before the store sees them.
// Metadata rows are sealed with keyring keys; secrets each with a data key of their own that the
// token wrapped (docs/formats/sealed-record.md, docs/formats/sealed-row.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/envelope/key_changes.h"
#include "coffer/envelope/rewrap.h"
#include "coffer/store/store.h"

namespace coffer::envelope {

/// A table of one mount. Numbers are part of the format: never reused (docs/formats/sealed-row.md).
/// A table holds either rows or secrets, never both. Table 0 of the zero mount is the envelope's.
struct Space {
  Uuid mount;
  std::uint16_t table = 0;
};

/// A row by its clear name. The store's key is HMAC(space, parent) ‖ HMAC(space, parent, name).
struct RowName {
  Space space;
  std::string parent;  ///< "" or "a/b/"
  std::string name;
};

/// What a secret is bound to beside the vault and its own id; wrong in any part: `corrupt`.
struct SecretContext {
  Uuid mount;
  std::string path;
  std::uint64_t version = 0;
};

/// What a write demands of the row as it stood when it was read.
struct Expect {
  std::optional<store::RowVersion> version;  ///< nullopt: whatever; 0: absent
  static Expect anything() { return {}; }
  static Expect absent() { return {0}; }
  static Expect unchanged(store::RowVersion v) { return {v}; }
};

struct OpenedRow {
  std::string value;
  store::RowVersion version = 0;
};

/// A row of the store, by where it stands there.
struct WalkedRow {
  RowName name;
  std::string value;
};
struct RowWalk {
  std::vector<WalkedRow> rows;
  store::Key next;  ///< go on after this one
  bool done = false;
  std::uint64_t unreadable = 0;  ///< of what was passed, damaged rows
};

struct ListedRow {
  std::string name;
  std::string value;
};
struct RowPage {
  std::vector<ListedRow> rows;  ///< in the order of their keys, which tells nothing
  store::Key next;              ///< go on after this one
  bool done = false;
};

/// One request's view: reads from one snapshot, stages writes, never commits. One thread.
/// `conflict` from any read: run the request again on a new one.
class SealedTransaction {
 public:
  virtual ~SealedTransaction() = default;

  [[nodiscard]] virtual Result<std::optional<OpenedRow>> read(const RowName& row) = 0;
  [[nodiscard]] virtual Result<void> write(const RowName& row, std::string_view value,
                                           Expect expect) = 0;
  virtual void erase(const RowName& row, Expect expect) = 0;
  /// A demand without a write: what is staged is committed only if it holds.
  [[nodiscard]] virtual Result<void> require(const RowName& row, Expect expect) = 0;
  /// The store's key of a row: the same for the life of a keyring, so whoever asks for one row at
  /// each request makes it once.
  [[nodiscard]] virtual Result<store::Key> place(const RowName& row) const = 0;
  /// Of the row as it is stored (what is staged doesn't count); 0: there is none. Opens nothing:
  /// this is how what was read before is known to be good still.
  [[nodiscard]] virtual Result<store::RowVersion> version_at(const store::Key& place) = 0;
  /// The rows directly under `parent`, sorted by name.
  [[nodiscard]] virtual Result<std::vector<ListedRow>> list(const Space& space,
                                                            std::string_view parent) = 0;
  /// At most so many of them, in no order: for work in steps, however many there are.
  [[nodiscard]] virtual Result<std::vector<ListedRow>> list_some(const Space& space,
                                                                 std::string_view parent,
                                                                 std::size_t at_most) = 0;

  /// From here on nothing that is read gives `conflict`, however long the work between two reads
  /// takes; it is what stands now. `conflict`: the store moved on already, and nothing is lost yet
  /// by starting again.
  [[nodiscard]] virtual Result<void> fix() = 0;
  /// At most so many of the stored ones (what is staged doesn't count) whose keys come after
  /// `after`; empty: from the first on. For work in steps that leaves rows standing.
  [[nodiscard]] virtual Result<RowPage> page(const Space& space, std::string_view parent,
                                             const store::Key& after, std::size_t at_most) = 0;
  /// How many stored rows stand directly under `parent`; opens none.
  [[nodiscard]] virtual Result<std::size_t> count(const Space& space, std::string_view parent) = 0;

  /// Seals `value` under a fresh data key that the token wraps (one token operation).
  [[nodiscard]] virtual Result<void> seal_secret(const RowName& row, const SecretContext& context,
                                                 std::string_view value) = 0;
  /// not_found if there is no such row. One token operation, unless the data key is cached.
  [[nodiscard]] virtual Result<std::string> open_secret(const RowName& row,
                                                        const SecretContext& context) = 0;
  /// Erases a secret, whatever stands there, and takes its data key out of the cache for good.
  [[nodiscard]] virtual Result<void> erase_secret(const RowName& row) = 0;

  /// The staged writes with their preconditions; leaves this empty.
  [[nodiscard]] virtual store::Transaction take() = 0;
};

struct CacheConfig {
  std::size_t entries = 4096;
  std::chrono::seconds max_age{60};  ///< 0: each read of a secret is a token operation
  /// Asked at each use: false while the token is down for too long. Then nothing comes out of the
  /// cache, nothing goes in, and the next sweep_cache() wipes it. Empty: always. Thread-safe,
  /// cheap.
  std::function<bool()> usable{};
};

/// Thread-safe. token, store, clock and keyring outlive it.
class SealedStore {
 public:
  virtual ~SealedStore() = default;
  [[nodiscard]] virtual Result<std::unique_ptr<SealedTransaction>> begin() = 0;
  /// One whose secrets are each opened by the token, whatever is cached.
  [[nodiscard]] virtual Result<std::unique_ptr<SealedTransaction>> begin_uncached() = 0;
  /// Wipes all cached keys, names and rows: at seal, destroy and retirement.
  virtual void purge_cache() = 0;
  /// Wipes those that are past their age; call it about once a second, or an idle vault keeps them.
  virtual void sweep_cache() = 0;
  /// Another CacheConfig::max_age, also for the keys that are in it.
  virtual void set_cache_age(std::chrono::seconds max_age) = 0;
  /// Uses of the current kek so far, those included that a crash may have lost count of.
  [[nodiscard]] virtual std::uint64_t wraps() const = 0;
  /// At 2^30 wraps; at 2^31 seal_secret gives resource_exhausted (docs/keys.md).
  [[nodiscard]] virtual bool rotation_due() const = 0;

  [[nodiscard]] virtual KeyChanges& key_changes() = 0;
  /// One step over the records whose store keys come after `after`, staged in `tx`, which is of
  /// this store and new. A record that can't be read is passed by; a token that can't be used ends
  /// the step with its error.
  [[nodiscard]] virtual Result<RewrapStep> rewrap(SealedTransaction& tx, const store::Key& after,
                                                  const RewrapLimits& limits) = 0;
  /// The metadata rows among the next `most` rows of the store, whosever they are. Likewise.
  [[nodiscard]] virtual Result<RowWalk> walk_rows(SealedTransaction& tx, const store::Key& after,
                                                  std::size_t most) = 0;
};

/// Commits once: it reserves numbers of wraps (docs/keys.md). `corrupt` if their count was changed,
/// or lacks in a store that holds rows. `unavailable`: `keyring` isn't the stored one any more.
[[nodiscard]] Result<std::unique_ptr<SealedStore>> open_sealed_store(Keyring& keyring,
                                                                     pkcs11::Token& token,
                                                                     store::Store& store,
                                                                     const CacheConfig& cache,
                                                                     const Clock& clock);

/// Where the stored keyring and the vault's id stand in the store, in clear.
[[nodiscard]] store::Key keyring_row_key();
/// Where its announcements of signers stand, in clear; no row: there are none.
[[nodiscard]] store::Key announcements_row_key();

}  // namespace coffer::envelope
