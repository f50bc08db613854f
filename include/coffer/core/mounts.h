// Which engine answers below which path. The table is rows in the store; the daemon says which
// engine serves which type, so that this room names none.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/base/mutex.h"
#include "coffer/core/epoch.h"
#include "coffer/engine/engine.h"

namespace coffer::core {

/// Auth methods are mounts whose path starts so.
inline constexpr std::string_view kAuthPrefix = "auth/";

/// The engines, by the type that a mount names. Filled before anything is served, then read alone.
class Engines final {
 public:
  enum class Kind : std::uint8_t {
    secrets,  ///< users may mount it
    auth,     ///< users may enable it
    builtin,  ///< is there always, and once (sys, token)
  };
  void serve(std::string type, std::unique_ptr<engine::Engine> engine, Kind kind);
  [[nodiscard]] engine::Engine* find(std::string_view type) const;
  [[nodiscard]] bool offers(std::string_view type, Kind kind) const;

 private:
  struct Served {
    std::string type;
    std::unique_ptr<engine::Engine> engine;
    Kind kind = Kind::builtin;
  };
  std::vector<Served> served_;
};

struct Route {
  const engine::Mount* mount = nullptr;
  engine::Engine* engine = nullptr;
  std::string_view path;  ///< below the mount; points into the path that was asked for
};

/// All mounts at one point in time. Immutable, thread-safe.
class MountTable final {
 public:
  struct Entry {
    engine::Mount mount;
    engine::Engine* engine = nullptr;
    bool builtin = false;
    bool slow = false;  ///< some of its paths wait for something outside
  };
  explicit MountTable(std::vector<Entry> entries);

  /// The longest mount path that the path starts with; nullopt: none.
  [[nodiscard]] std::optional<Route> find(std::string_view path) const;
  /// The lane of the path that fits. Cheap where a mount has no slow paths.
  [[nodiscard]] engine::Lane lane(model::Operation operation, std::string_view path) const;
  /// The mount at exactly this path; nullptr: none.
  [[nodiscard]] const Entry* at(std::string_view path) const;
  [[nodiscard]] const Entry* by_accessor(std::string_view accessor) const;
  /// A mount at, above or below `path`, with which a new one would collide; nullptr: none.
  [[nodiscard]] const engine::Mount* in_the_way(std::string_view path) const;
  [[nodiscard]] const std::vector<Entry>& all() const noexcept { return entries_; }

 private:
  [[nodiscard]] const Entry* longest(std::string_view path) const;

  std::vector<Entry> entries_;  ///< sorted by path
};

/// The stored table. Thread-safe; the engines outlive it.
class Mounts final {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Mounts>> make(const envelope::SealedTransaction& tx,
                                                            const Engines& engines);
  /// A mount that is always there and has no row. Call before anything is served.
  void add_builtin(engine::Mount mount);

  /// As the transaction's snapshot has it. A stored type that no engine serves is an error.
  [[nodiscard]] Result<std::shared_ptr<const MountTable>> table(envelope::SealedTransaction& tx);

  /// As it was read last, which may be a moment ago; null: it never was. No look into the store.
  [[nodiscard]] std::shared_ptr<const MountTable> latest() COFFER_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return table_;
  }

  /// What is staged is committed only if the table is still this one: a write to a mount that was
  /// removed meanwhile would leave a row behind that its clearing has passed already.
  [[nodiscard]] Result<void> hold(envelope::SealedTransaction& tx) const { return epoch_.hold(tx); }

  // Each stages one row and the epoch.
  [[nodiscard]] Result<void> create(envelope::SealedTransaction& tx,
                                    const engine::Mount& mount) const;
  [[nodiscard]] Result<void> replace(envelope::SealedTransaction& tx,
                                     const engine::Mount& mount) const;
  /// The mount is gone at once. What it held is cleared in the background; until then nobody can
  /// read it, for nothing leads there.
  [[nodiscard]] Result<void> remove(envelope::SealedTransaction& tx, const engine::Mount& mount,
                                    WallTime now) const;

 private:
  Mounts(const Engines& engines, Epoch epoch) : engines_(engines), epoch_(std::move(epoch)) {}
  [[nodiscard]] Result<std::shared_ptr<const MountTable>> load(
      envelope::SealedTransaction& tx) const;

  const Engines& engines_;
  const Epoch epoch_;
  std::vector<engine::Mount> builtin_;
  Mutex mutex_;
  store::RowVersion loaded_at_ COFFER_GUARDED_BY(mutex_) = 0;
  std::shared_ptr<const MountTable> table_ COFFER_GUARDED_BY(mutex_);
};

}  // namespace coffer::core
