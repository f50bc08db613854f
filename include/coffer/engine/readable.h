// What an engine says whose secrets are values that people and programs use.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/engine/engine.h"

namespace coffer::engine {

/// A text that a secret is recognised by, and a JSON pointer (RFC 6901) to it in what the API gives
/// or takes. Secret.
struct SecretText {
  std::string pointer;
  std::string text;
};

/// A secret, as the API tells of it.
struct SecretPlace {
  std::string path;           ///< below the mount: who may read there may know of it
  std::string name;           ///< "app/db"
  std::string_view kind;      ///< "secret", "static_role", "connection" or "totp_key"
  std::uint64_t version = 0;  ///< 0: the API has no versions of it
  bool pending = false;       ///< made, and not in force yet
};

/// Implemented beside Engine. The values of such an engine's secrets are looked for among what
/// leaked (docs/formats/leaks.md). Thread-safe.
class Readable {
 public:
  virtual ~Readable() = default;
  /// What of an opened secret is looked for; nullopt: each string in it, which is JSON text.
  [[nodiscard]] virtual std::optional<std::vector<SecretText>> texts_of(
      std::string_view value) const = 0;
  /// nullopt: the secret is gone.
  [[nodiscard]] virtual Result<std::optional<SecretPlace>> place_of(
      SealedTransaction& tx, const Mount& mount, const SecretContext& secret) const = 0;
};

/// nullptr for an engine that isn't.
[[nodiscard]] inline const Readable* readable(const Engine& engine) {
  return dynamic_cast<const Readable*>(&engine);
}

}  // namespace coffer::engine
