// What new records are sealed with: one choice of recipients, for one stored keyring. Private to
// the room.
#pragma once

#include <atomic>

#include "keyring_state.h"
#include "wrap_counter.h"

namespace coffer::envelope {

struct Sealing {
  const KeyringState* ring = nullptr;
  WrapCounter* counter = nullptr;
  /// Of the keyring's row. Whatever seals a secret demands at its commit that it is still this: so
  /// once a change is committed no record with the recipients of before can follow it, and a scan
  /// that starts then sees all that there ever will be.
  store::RowVersion row = 0;
};

/// Readers take no lock; nothing that was current goes before this does. One thread publishes.
class Sealings final {
 public:
  [[nodiscard]] const Sealing& current() const noexcept {
    return *current_.load(std::memory_order_acquire);
  }
  /// `counter`: of another kek; nullptr keeps the one that counts now.
  void publish(const KeyringState& ring, store::RowVersion row,
               std::unique_ptr<WrapCounter> counter) {
    WrapCounter* counts = counter ? counter.get() : current().counter;
    if (counter) counters_.push_back(std::move(counter));
    all_.push_back(std::make_unique<Sealing>(Sealing{&ring, counts, row}));
    current_.store(all_.back().get(), std::memory_order_release);
  }

 private:
  std::vector<std::unique_ptr<WrapCounter>> counters_;
  std::vector<std::unique_ptr<const Sealing>> all_;
  std::atomic<const Sealing*> current_{nullptr};
};

/// The version of the keyring's row, by the same look at the store that shows that the row is the
/// stored form of `ring`; 0: there is no row. unavailable: it is another's, and whoever has `ring`
/// mustn't write over it.
[[nodiscard]] Result<store::RowVersion> row_version_of(const KeyringState& ring,
                                                       store::Store& store);

}  // namespace coffer::envelope
