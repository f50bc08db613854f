#include "opened_rows.h"

#include <cstring>
#include <utility>

namespace coffer::envelope {
namespace {

/// From the key's end, its row's own half; short keys are the envelope's own few rows.
std::size_t place_of(const store::Key& key) noexcept {
  std::size_t bits = 0;
  if (key.size() >= sizeof(bits)) {
    std::memcpy(&bits, key.data() + key.size() - sizeof(bits), sizeof(bits));
  }
  return bits % OpenedRows::kPlaces;
}

}  // namespace

std::optional<OpenRow> OpenedRows::find(const store::Key& key, store::RowVersion version) {
  const std::size_t at = place_of(key);
  const MutexLock lock(mutex_);
  const Place& place = places_[at];
  if (place.version != version || place.key != key) return std::nullopt;
  return place.row;
}

void OpenedRows::put(const store::Key& key, store::RowVersion version, const OpenRow& row) {
  if (version == 0) return;  // not stored yet
  if (row.value.size() + row.row.parent.size() + row.row.name.size() > kLargest) return;
  Place made{key, version, row};
  const std::size_t at = place_of(key);
  const MutexLock lock(mutex_);
  std::swap(places_[at], made);
}

void OpenedRows::purge() {
  std::vector<Place> none(kPlaces);
  const MutexLock lock(mutex_);
  places_.swap(none);
}

}  // namespace coffer::envelope
