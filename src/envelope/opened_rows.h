// Rows as they were when they were opened last: who asks again for a row that hasn't changed
// needn't derive its key and decrypt it again. Private to the room.
#pragma once

#include <vector>

#include "coffer/base/mutex.h"
#include "row.h"

namespace coffer::envelope {

/// By the store's key *and* the version that the store says stands there: a commit gives a new one,
/// so what is found here is what the sealed row holds. Rows are metadata, so ordinary memory will
/// do; never secrets. Thread-safe. Bounded by itself: each row has one place, which it takes from
/// the one before it. Keys are HMACs, so nobody chooses who meets.
class OpenedRows final {
 public:
  OpenedRows() : places_(kPlaces) {}

  [[nodiscard]] std::optional<OpenRow> find(const store::Key& key, store::RowVersion version)
      COFFER_EXCLUDES(mutex_);
  void put(const store::Key& key, store::RowVersion version, const OpenRow& row)
      COFFER_EXCLUDES(mutex_);
  /// Forgets all.
  void purge() COFFER_EXCLUDES(mutex_);

  static constexpr std::size_t kPlaces = 4096;
  /// Larger rows, names included, are opened each time: 4 MiB in all at most.
  static constexpr std::size_t kLargest = 1024;

 private:
  struct Place {
    store::Key key;
    store::RowVersion version = 0;
    OpenRow row;
  };
  Mutex mutex_;
  std::vector<Place> places_ COFFER_GUARDED_BY(mutex_);
};

}  // namespace coffer::envelope
