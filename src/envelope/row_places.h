// Where the store has a row, remembered: each request asks for the same few rows, and a row's key
// is two HMACs. Private to the room.
#pragma once

#include <array>
#include <vector>

#include "coffer/base/mutex.h"
#include "row.h"

namespace coffer::envelope {

/// row_key() and row_prefix(), which depend on nothing but the name: the keyring's name key changes
/// only by an offline rekey. Keeps clear names in ordinary memory, as the requests that brought
/// them do. Thread-safe; no lock is held while an HMAC is made. The keyring outlives it.
class RowPlaces final {
 public:
  explicit RowPlaces(const Keyring& keyring) : keyring_(keyring), sets_(kSets) {}

  [[nodiscard]] Result<store::Key> of(const RowName& row) COFFER_EXCLUDES(mutex_);
  /// What the keys of all rows directly under `parent` start with.
  [[nodiscard]] Result<store::Key> under(const Space& space, std::string_view parent)
      COFFER_EXCLUDES(mutex_);

  /// Forgets all names.
  void purge() COFFER_EXCLUDES(mutex_);

  /// Longer ones are worked out each time.
  static constexpr std::size_t kLongestName = 256;
  /// Two names a set: it never grows, and names chosen to meet cost their chooser an HMAC, no more.
  static constexpr std::size_t kSets = 4096;

 private:
  struct Entry {
    std::string message;  ///< empty: free
    std::array<std::uint8_t, 2 * kRowKeyHalf> key{};
    std::uint8_t size = 0;
  };
  using Set = std::array<Entry, 2>;  ///< the one that came last first

  [[nodiscard]] bool find(std::string_view message, store::Key& key) COFFER_EXCLUDES(mutex_);
  void remember(std::string message, const store::Key& key) COFFER_EXCLUDES(mutex_);

  const Keyring& keyring_;
  Mutex mutex_;
  std::vector<Set> sets_ COFFER_GUARDED_BY(mutex_);
};

}  // namespace coffer::envelope
