// Counts the wraps of the kek, across restarts and crashes: AES-GCM with random 96-bit IVs is good
// for 2^32 uses of a key (SP 800-38D section 8.3). docs/keys.md. Private to the room.
#pragma once

#include <memory>

#include "coffer/base/mutex.h"
#include "coffer/envelope/sealed_store.h"

namespace coffer::envelope {

struct WrapLimits {
  std::uint64_t rotate_at = std::uint64_t{1} << 30U;  ///< a rotation is due
  std::uint64_t refuse_at = std::uint64_t{1} << 31U;  ///< no wrap any more
  /// Numbers are reserved in blocks, on disk before the first is used; what is left of a block at a
  /// stop is lost. So blocks start small, or a daemon that restarts in a loop would use the kek up,
  /// and double, so that a busy one commits seldom.
  std::uint64_t first_block = std::uint64_t{1} << 10U;
  std::uint64_t largest_block = std::uint64_t{1} << 20U;
};

/// Where the counter of a kek version stands in the store; the key is in clear, the value sealed.
[[nodiscard]] store::Key wrap_counter_row_key(std::uint32_t kek_version);
/// Of the current version of this token. Those of RSA keys, of which there may be several of one
/// version, have the token in their key.
[[nodiscard]] store::Key wrap_counter_row_key(const EnrolledToken& token);

/// Thread-safe. keyring and store outlive it. No lock is held while the store commits.
class WrapCounter final {
 public:
  /// Reserves the first block. corrupt if the counter's row was changed, or isn't there while the
  /// store holds rows.
  [[nodiscard]] static Result<std::unique_ptr<WrapCounter>> open(const Keyring& keyring,
                                                                 store::Store& store,
                                                                 const WrapLimits& limits);

  /// That of a kek which isn't in use yet, with a block in it: to be used once `row` is committed
  /// in place of the row of version `before`. There is one where a change that used the kek was
  /// lost: then counting goes on from it.
  struct Fresh {
    std::unique_ptr<WrapCounter> counter;
    store::Write row;
    store::RowVersion before = 0;
  };
  [[nodiscard]] static Result<Fresh> start(const Keyring& keyring, store::Store& store,
                                           const WrapLimits& limits, const EnrolledToken& token);

  /// Before each wrap, whatever becomes of it. Commits when a block runs low; resource_exhausted at
  /// the limit.
  [[nodiscard]] Result<void> count();

  /// Wraps so far; after a restart those that a lost block may have held count as made.
  [[nodiscard]] std::uint64_t wraps() const;
  [[nodiscard]] bool rotation_due() const { return wraps() >= limits_.rotate_at; }

 private:
  enum class Step : std::uint8_t { counted, counted_and_low, empty };
  struct Stored {
    std::uint64_t mark = 0;  ///< numbers below are used, or reserved by someone
    store::RowVersion version = 0;
  };

  WrapCounter(const Keyring& keyring, store::Store& store, const WrapLimits& limits,
              const EnrolledToken& token);
  [[nodiscard]] Step take();
  [[nodiscard]] Result<void> reserve();
  [[nodiscard]] Result<void> reserve_once(bool& done);
  [[nodiscard]] Result<Stored> load();
  [[nodiscard]] Result<std::optional<Stored>> read(store::Snapshot& snapshot) const;
  [[nodiscard]] Result<Stored> load_unused() const;
  [[nodiscard]] Result<Stored> load_absent(store::Snapshot& snapshot) const;
  [[nodiscard]] Result<store::Write> row_of(std::uint64_t mark) const;
  [[nodiscard]] Result<bool> commit(const Stored& stored, std::uint64_t mark);
  void publish(std::uint64_t mark, std::uint64_t block);
  void stop_reserving();

  const Keyring& keyring_;
  store::Store& store_;
  const WrapLimits limits_;
  const store::Key key_;
  const bool must_be_there_;
  mutable Mutex mutex_;
  CondVar reserved_;
  bool reserving_ COFFER_GUARDED_BY(mutex_) = false;
  std::uint64_t mark_ COFFER_GUARDED_BY(mutex_) = 0;
  std::uint64_t left_ COFFER_GUARDED_BY(mutex_) = 0;
  std::uint64_t block_ COFFER_GUARDED_BY(mutex_) = 0;  ///< size of the next one
};

}  // namespace coffer::envelope
