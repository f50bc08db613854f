#include "row_places.h"

#include <algorithm>
#include <functional>

namespace coffer::envelope {
namespace {

std::size_t set_of(std::string_view message) {
  return std::hash<std::string_view>()(message) % RowPlaces::kSets;
}

}  // namespace

Result<store::Key> RowPlaces::of(const RowName& row) {
  std::string message = name_message(row);
  store::Key key;
  if (find(message, key)) return key;
  COFFER_TRY(key, under(row.space, row.parent));
  COFFER_TRY(const KeyHalf half, key_half(keyring_, message));
  key.append(as_text(half));
  remember(std::move(message), key);
  return key;
}

Result<store::Key> RowPlaces::under(const Space& space, std::string_view parent) {
  std::string message = parent_message(space, parent);
  store::Key key;
  if (find(message, key)) return key;
  COFFER_TRY(const KeyHalf half, key_half(keyring_, message));
  key.assign(as_text(half));
  remember(std::move(message), key);
  return key;
}

bool RowPlaces::find(std::string_view message, store::Key& key) {
  const std::size_t at = set_of(message);
  const MutexLock lock(mutex_);
  for (const Entry& entry : sets_[at]) {
    if (entry.message != message) continue;
    key.assign(as_text(ByteView(entry.key).first(entry.size)));
    return true;
  }
  return false;
}

void RowPlaces::remember(std::string message, const store::Key& key) {
  if (message.size() > kLongestName) return;
  Entry made{std::move(message), {}, static_cast<std::uint8_t>(key.size())};
  std::copy(key.begin(), key.end(), made.key.begin());
  const std::size_t at = set_of(made.message);
  const MutexLock lock(mutex_);
  Set& set = sets_[at];
  if (set[0].message == made.message) return;  // another thread was faster
  std::swap(set[1], set[0]);
  std::swap(set[0], made);
}

void RowPlaces::purge() {
  std::vector<Set> none(kSets);
  const MutexLock lock(mutex_);
  sets_.swap(none);
}

}  // namespace coffer::envelope
