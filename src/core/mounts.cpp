#include "coffer/core/mounts.h"

#include <algorithm>

#include "coffer/core/unmount.h"
#include "mount_row.h"

namespace coffer::core {

void Engines::serve(std::string type, std::unique_ptr<engine::Engine> engine, Kind kind) {
  served_.push_back({std::move(type), std::move(engine), kind});
}

engine::Engine* Engines::find(std::string_view type) const {
  for (const Served& served : served_) {
    if (served.type == type) return served.engine.get();
  }
  return nullptr;
}

bool Engines::offers(std::string_view type, Kind kind) const {
  return std::any_of(served_.begin(), served_.end(), [&](const Served& served) {
    return served.type == type && served.kind == kind;
  });
}

MountTable::MountTable(std::vector<Entry> entries) : entries_(std::move(entries)) {
  std::sort(entries_.begin(), entries_.end(),
            [](const Entry& a, const Entry& b) { return a.mount.path < b.mount.path; });
  for (Entry& entry : entries_) {
    if (entry.engine == nullptr) continue;
    const auto rules = entry.engine->paths_for(entry.mount);
    entry.slow = std::any_of(rules.begin(), rules.end(), [](const engine::PathRule& rule) {
      return rule.lane == engine::Lane::slow;
    });
  }
}

const MountTable::Entry* MountTable::longest(std::string_view path) const {
  const Entry* best = nullptr;
  for (const Entry& entry : entries_) {
    if (!path.starts_with(entry.mount.path)) continue;
    if (best == nullptr || entry.mount.path.size() > best->mount.path.size()) best = &entry;
  }
  return best;
}

engine::Lane MountTable::lane(model::Operation operation, std::string_view path) const {
  const Entry* entry = longest(path);
  if (entry == nullptr || !entry->slow) return engine::Lane::fast;
  path.remove_prefix(entry->mount.path.size());
  const engine::PathRule* rule =
      engine::match_rule(entry->engine->paths_for(entry->mount), operation, path).rule;
  return rule == nullptr ? engine::Lane::fast : rule->lane;
}

std::optional<Route> MountTable::find(std::string_view path) const {
  const Entry* best = longest(path);
  if (best == nullptr) return std::nullopt;
  return Route{&best->mount, best->engine, path.substr(best->mount.path.size())};
}

const MountTable::Entry* MountTable::at(std::string_view path) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.mount.path == path; });
  return found == entries_.end() ? nullptr : &*found;
}

const MountTable::Entry* MountTable::by_accessor(std::string_view accessor) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.mount.accessor == accessor;
  });
  return found == entries_.end() ? nullptr : &*found;
}

const engine::Mount* MountTable::in_the_way(std::string_view path) const {
  for (const Entry& entry : entries_) {
    const std::string_view other = entry.mount.path;
    if (path.starts_with(other) || other.starts_with(path)) return &entry.mount;
  }
  return nullptr;
}

Result<std::unique_ptr<Mounts>> Mounts::make(const envelope::SealedTransaction& tx,
                                             const Engines& engines) {
  COFFER_TRY(Epoch epoch, Epoch::make(tx, "mounts"));
  return std::unique_ptr<Mounts>(new Mounts(engines, std::move(epoch)));
}

void Mounts::add_builtin(engine::Mount mount) { builtin_.push_back(std::move(mount)); }

Result<std::shared_ptr<const MountTable>> Mounts::table(envelope::SealedTransaction& tx) {
  COFFER_TRY(const store::RowVersion version, epoch_.at(tx));
  {
    const MutexLock lock(mutex_);
    if (table_ != nullptr && loaded_at_ == version) return table_;
  }
  COFFER_TRY(std::shared_ptr<const MountTable> loaded, load(tx));
  const MutexLock lock(mutex_);
  table_ = loaded;
  loaded_at_ = version;
  return loaded;
}

Result<std::shared_ptr<const MountTable>> Mounts::load(envelope::SealedTransaction& tx) const {
  std::vector<MountTable::Entry> entries;
  for (const engine::Mount& mount : builtin_) {
    entries.push_back({mount, engines_.find(mount.type), true});
  }
  COFFER_TRY(const auto rows, tx.list(kMountSpace, {}));
  for (const envelope::ListedRow& row : rows) {
    COFFER_TRY(engine::Mount mount, decode_mount(row.value));
    engine::Engine* serves = engines_.find(mount.type);
    if (serves == nullptr) {
      return make_error(ErrorCode::internal, "a mount has a type that no engine serves");
    }
    entries.push_back({std::move(mount), serves, false});
  }
  return std::shared_ptr<const MountTable>(std::make_shared<MountTable>(std::move(entries)));
}

Result<void> Mounts::create(envelope::SealedTransaction& tx, const engine::Mount& mount) const {
  COFFER_CHECK(tx.write(mount_row(mount.uuid), encode_mount(mount), envelope::Expect::absent()));
  return epoch_.touch(tx);
}

Result<void> Mounts::replace(envelope::SealedTransaction& tx, const engine::Mount& mount) const {
  // The epoch stands for all rows of the table: whoever changed this one meanwhile has moved it.
  COFFER_CHECK(tx.write(mount_row(mount.uuid), encode_mount(mount), envelope::Expect::anything()));
  return epoch_.touch(tx);
}

Result<void> Mounts::remove(envelope::SealedTransaction& tx, const engine::Mount& mount,
                            WallTime now) const {
  tx.erase(mount_row(mount.uuid), envelope::Expect::anything());
  COFFER_CHECK(schedule_clearing(tx, mount, now));
  return epoch_.touch(tx);
}

}  // namespace coffer::core
