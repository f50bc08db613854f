#include "readers.h"

#include <algorithm>

namespace coffer::engines::kv {

void Readers::count(const Uuid& mount, std::string_view path, bool wanted, WallTime now) {
  const MutexLock lock(mutex_);
  const Name name{mount, std::string(path)};
  if (!wanted) {
    secrets_.erase(name);
  } else if (secrets_.size() < kMaxSecrets) {
    secrets_.try_emplace(name, Secret{.by_accessor = {}, .since = now});
  }
}

void Readers::forget(const Uuid& mount) {
  const MutexLock lock(mutex_);
  std::erase_if(secrets_, [&](const auto& each) { return each.first.first == mount; });
}

bool Readers::counts(const Uuid& mount, std::string_view path) const {
  const MutexLock lock(mutex_);
  // Most vaults have none: then a read costs this look alone.
  return !secrets_.empty() && secrets_.contains({mount, std::string(path)});
}

void Readers::note(const Uuid& mount, std::string_view path, KnownReader reader) {
  const MutexLock lock(mutex_);
  const auto found = secrets_.find({mount, std::string(path)});
  if (found == secrets_.end()) return;
  Secret& secret = found->second;
  // Answered while another secret was there by this name: what it had is no version of this one.
  if (reader.when < secret.since) return;
  const auto known = secret.by_accessor.find(reader.accessor);
  if (known == secret.by_accessor.end() && secret.by_accessor.size() >= kMaxReaders) {
    // Who read longest ago makes room, and from then on is one of those whom nobody knows.
    const auto oldest = std::min_element(
        secret.by_accessor.begin(), secret.by_accessor.end(),
        [](const auto& a, const auto& b) { return a.second.when < b.second.when; });
    secret.since = std::max(secret.since, oldest->second.when + std::chrono::nanoseconds(1));
    secret.by_accessor.erase(oldest);
  }
  // Who fetched the new version and looks at an old one has the new one all the same.
  if (known != secret.by_accessor.end()) {
    reader.version = std::max(reader.version, known->second.version);
  }
  std::string accessor = reader.accessor;
  secret.by_accessor.insert_or_assign(std::move(accessor), std::move(reader));
}

Readers::Known Readers::of(const Uuid& mount, std::string_view path) const {
  const MutexLock lock(mutex_);
  Known known;
  const auto found = secrets_.find({mount, std::string(path)});
  if (found == secrets_.end()) return known;
  known.since = found->second.since;
  for (const auto& [accessor, reader] : found->second.by_accessor) known.readers.push_back(reader);
  return known;
}

}  // namespace coffer::engines::kv
