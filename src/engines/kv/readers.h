// Who read which version of the secrets that wait for their readers. In memory: a read costs no
// write. What isn't known (since a start, or beyond the bounds) counts as a reader that nobody can
// name, so a rotation rather waits too long (docs/rotation.md).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coffer/base/clock.h"
#include "coffer/base/mutex.h"
#include "coffer/base/uuid.h"

namespace coffer::engines::kv {

struct KnownReader {
  std::string accessor;
  std::string name;
  std::uint64_t version = 0;  ///< the last that was read
  WallTime when{};
};

/// Thread-safe.
class Readers final {
 public:
  static constexpr std::size_t kMaxSecrets = 10'000;
  static constexpr std::size_t kMaxReaders = 256;  ///< of one secret

  /// Whether reads of it are to be noted. From when it is told on.
  void count(const Uuid& mount, std::string_view path, bool wanted, WallTime now)
      COFFER_EXCLUDES(mutex_);
  void forget(const Uuid& mount) COFFER_EXCLUDES(mutex_);
  [[nodiscard]] bool counts(const Uuid& mount, std::string_view path) const COFFER_EXCLUDES(mutex_);
  void note(const Uuid& mount, std::string_view path, KnownReader reader) COFFER_EXCLUDES(mutex_);

  struct Known {
    std::vector<KnownReader> readers;  ///< in no order
    /// Readers from then on are all in it; a time that is to come: no such time is known.
    WallTime since = WallTime::max();
  };
  [[nodiscard]] Known of(const Uuid& mount, std::string_view path) const COFFER_EXCLUDES(mutex_);

 private:
  using Name = std::pair<Uuid, std::string>;
  struct Secret {
    std::map<std::string, KnownReader, std::less<>> by_accessor;
    WallTime since{};
  };
  mutable Mutex mutex_;
  std::map<Name, Secret> secrets_ COFFER_GUARDED_BY(mutex_);
};

}  // namespace coffer::engines::kv
