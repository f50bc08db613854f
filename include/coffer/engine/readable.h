// What an engine says whose secrets are values that people and programs read.
#pragma once

#include <optional>
#include <string>

#include "coffer/engine/engine.h"

namespace coffer::engine {

/// Implemented beside Engine. The values of such an engine's secrets are looked for among what
/// leaked (docs/formats/leaks.md). Thread-safe.
class Readable {
 public:
  virtual ~Readable() = default;
  /// The path, below the mount, at which the value of a secret is read; nullopt: at none.
  [[nodiscard]] virtual std::optional<std::string> read_path(const Mount& mount,
                                                             const SecretContext& secret) const = 0;
};

/// nullopt for an engine that isn't.
[[nodiscard]] inline std::optional<std::string> read_path(const Engine& engine, const Mount& mount,
                                                          const SecretContext& secret) {
  const auto* readable = dynamic_cast<const Readable*>(&engine);
  return readable == nullptr ? std::nullopt : readable->read_path(mount, secret);
}

}  // namespace coffer::engine
