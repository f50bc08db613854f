// Which engine answers below which path. The table is rows in the store; the daemon says which
// engine serves which type, so that this room names none.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/engine/engine.h"

namespace coffer::core {

struct Route {
  const engine::Mount* mount = nullptr;
  engine::Engine* engine = nullptr;
  std::string_view path;  ///< below the mount; points into the path that was asked for
};

/// Immutable after load(); thread-safe.
class Mounts final {
 public:
  /// Stages the row of a new mount.
  [[nodiscard]] static Result<void> create(envelope::SealedTransaction& tx,
                                           const engine::Mount& mount);

  /// Reads all rows; a type without an engine is an error.
  [[nodiscard]] Result<void> load(envelope::SealedTransaction& tx);

  /// Serves mounts of this type from now on. Call before load().
  void serve(std::string type, std::unique_ptr<engine::Engine> engine);
  /// A mount that is always there and has no row: sys/.
  void add_builtin(engine::Mount mount, std::unique_ptr<engine::Engine> engine);

  /// The longest mount path that the path starts with; nullopt: none.
  [[nodiscard]] std::optional<Route> find(std::string_view path) const;
  [[nodiscard]] const std::vector<engine::Mount>& all() const noexcept { return mounts_; }

 private:
  struct Served {
    std::string type;
    std::unique_ptr<engine::Engine> engine;
  };
  [[nodiscard]] engine::Engine* engine_for(std::string_view type) const;

  std::vector<Served> engines_;
  std::vector<engine::Mount> mounts_;
};

}  // namespace coffer::core
