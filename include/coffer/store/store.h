// An ordered map of opaque bytes that survives power cuts. Small on purpose: SQLite, PostgreSQL,
// etcd or FoundationDB could stand behind it. It never sees a name, a path or a value in clear.
//
// Implementations: memory and SQLite; both pass tests/contract/store_contract.h.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/base/uuid.h"

namespace coffer::store {

/// Bytes compared as unsigned octets, in this order for scans.
using Key = std::string;

/// The change sequence of the commit that wrote the row last; never 0 for a row that exists.
using RowVersion = std::uint64_t;

struct Row {
  std::string value;
  RowVersion version = 0;
};

/// What must hold for a transaction to be applied.
struct Precondition {
  Key key;
  RowVersion version = 0;  ///< 0: the row must be absent
};

struct Write {
  Key key;
  std::optional<std::string> value;  ///< nullopt: erase
};

struct Transaction {
  std::vector<Precondition> preconditions;
  std::vector<Write> writes;
  [[nodiscard]] bool empty() const noexcept { return writes.empty(); }
};

/// One point in time: at the latest that of the first read. `conflict` from get or scan: the store
/// moved on while this snapshot was still reading from memory; take a new one and run again. Used
/// by one thread at a time. May outlive its store, which is then closed when the last one goes.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  /// May grow until the first read, and not after it.
  [[nodiscard]] virtual std::uint64_t sequence() const = 0;
  /// From here on nothing gives `conflict`, however much is committed meanwhile: for who does slow
  /// work between two reads. Gives it itself if the store moved on already.
  [[nodiscard]] virtual Result<void> fix() = 0;
  [[nodiscard]] virtual Result<std::optional<Row>> get(const Key& key) = 0;
  /// The version of get()'s row, 0 if there is none; may spare the copying of its value.
  [[nodiscard]] virtual Result<RowVersion> version(const Key& key);
  /// Rows whose key starts with `prefix`, in order, until `visit` gives false. `visit` may use the
  /// snapshot and the store.
  [[nodiscard]] virtual Result<void> scan(
      const Key& prefix, const std::function<bool(const Key&, const Row&)>& visit) = 0;
  /// All rows whose key is greater than `after`, likewise: for work in steps over the whole store.
  [[nodiscard]] virtual Result<void> scan_after(
      const Key& after, const std::function<bool(const Key&, const Row&)>& visit) = 0;
};

enum class CommitOutcome : std::uint8_t { committed, precondition_failed };

/// One row that a commit changes. Views are good for the call alone.
struct Change {
  std::string_view key;
  std::optional<Row> before;              ///< nullopt: there was none
  std::optional<std::string_view> after;  ///< nullopt: there is none any more
};

/// Keeps account of all rows, from within each commit. Called for one commit at a time.
class Ledger {
 public:
  virtual ~Ledger() = default;
  /// The commit is decided and nothing of it is written: `sequence` will be the version of all rows
  /// in it that stay. What is given joins it, under a key that no transaction writes; it isn't
  /// among the changes itself. An error is that of the commit, and nothing of it is applied.
  [[nodiscard]] virtual Result<Write> enter(std::uint64_t sequence,
                                            std::span<const Change> changes) = 0;
  /// That commit is durable. One that failed is forgotten: the next enter() takes its place.
  virtual void entered() noexcept = 0;
};

/// Thread-safe. commit() may be called from several threads; they are ordered.
class Store {
 public:
  virtual ~Store() = default;

  [[nodiscard]] virtual Result<std::unique_ptr<Snapshot>> snapshot() = 0;

  /// Applies the transactions in order, each whole or not at all, all that pass in one durable
  /// step: on return they survive a power cut (as far as the store is configured to). Each sees the
  /// ones before it. All that are applied share one new change sequence. An error means that none
  /// was applied: unavailable (disk full; may be tried again). A sync that fails, and a commit
  /// whose outcome can't be known, end the process with kExitSyncFailed. Where nothing is applied
  /// (all failed, or wrote nothing) the sequence stays and nothing is synced.
  [[nodiscard]] virtual Result<std::vector<CommitOutcome>> commit(
      std::span<const Transaction> transactions) = 0;

  /// Has every commit from now on entered by this one; null: by none. Waits for a commit that is
  /// under way, after which the ledger before is not called any more.
  virtual void keep(std::shared_ptr<Ledger> ledger) = 0;

  /// What was erased or overwritten leaves the files that the store keeps beside its rows. Call it
  /// every few seconds; does nothing where nothing is due. May block as long as a commit.
  virtual void sweep() {}

  /// The sequence of the last commit; 0 for an empty store.
  [[nodiscard]] virtual std::uint64_t sequence() const = 0;

  /// Names this node in ids, sequences and counters; made when the store was.
  [[nodiscard]] virtual Uuid node() const = 0;
};

[[nodiscard]] std::unique_ptr<Store> open_memory_store(const Uuid& node);

enum class Durability : std::uint8_t {
  power,  ///< fsync: survives a power cut (the default)
  crash,  ///< write: survives a crash of the process, not of the machine
};

struct SqliteConfig {
  std::string path;
  Durability durability = Durability::power;
  std::size_t cache_bytes = std::size_t{8} << 20U;  ///< rows kept in memory, as stored (sealed)
};

/// Opens or makes the file (0600). `conflict`: another daemon has it locked. `precondition`: a
/// schema version that this program doesn't know, a database of another program, a file that isn't
/// this user's alone, or a log without its store; all is left untouched. `corrupt`: no database.
/// `node` is used only when made. docs/formats/store.md.
[[nodiscard]] Result<std::unique_ptr<Store>> open_sqlite_store(const SqliteConfig& config,
                                                               const Uuid& node);

/// What a failed sync ends the process with (docs/operations.md): its state is unknown, a second
/// try may lie (fsyncgate), and only a restart reads back what is really there.
inline constexpr int kExitSyncFailed = 74;

}  // namespace coffer::store
