// The unix peer as a caller: roles say which uid, gid, group and unit has which policies. No token,
// no row a caller. docs/auth.md.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/auth/identity.h"
#include "coffer/envelope/sealed_store.h"
#include "coffer/model/peer.h"

namespace coffer::auth {

/// Each list that isn't empty must hold the peer's value; at least one of uids, gids and groups
/// isn't empty.
struct UnixRole {
  std::vector<uid_t> uids{};
  std::vector<gid_t> gids{};    ///< the peer's primary group
  std::vector<gid_t> groups{};  ///< one of its supplementary groups
  std::vector<std::string> units{};
  bool allow_containers = false;        ///< peers in containers too; their unit must be in `units`
  std::vector<std::string> policies{};  ///< sorted, none twice; `default` among them, if wanted
};

struct StoredUnixRole {
  UnixRole role;
  store::RowVersion version = 0;
};

[[nodiscard]] bool matches(const UnixRole& role, const model::Peer& peer);

/// Thread-safe: state lives in the store, but for a cache that is checked against it at each use.
/// `keyring` outlives it.
class UnixRoles final {
 public:
  explicit UnixRoles(const envelope::Keyring& keyring);
  ~UnixRoles();
  UnixRoles(const UnixRoles&) = delete;
  UnixRoles& operator=(const UnixRoles&) = delete;

  /// Reads only; one store get when roles haven't changed. The union of all roles that match;
  /// nullopt: none does.
  [[nodiscard]] Result<std::optional<Identity>> identify(envelope::SealedTransaction& tx,
                                                         const model::Peer& peer) const;

  [[nodiscard]] Result<std::optional<StoredUnixRole>> read(envelope::SealedTransaction& tx,
                                                           std::string_view name) const;
  /// `version` 0: there must be none.
  [[nodiscard]] Result<void> write(envelope::SealedTransaction& tx, std::string_view name,
                                   const StoredUnixRole& role) const;
  [[nodiscard]] Result<void> remove(envelope::SealedTransaction& tx, std::string_view name) const;
  [[nodiscard]] Result<std::vector<std::string>> list(envelope::SealedTransaction& tx) const;

 private:
  struct Loaded;
  class Cache;
  [[nodiscard]] Result<std::shared_ptr<Loaded>> loaded(envelope::SealedTransaction& tx) const;

  const envelope::Keyring& keyring_;
  const std::unique_ptr<Cache> cache_;
};

}  // namespace coffer::auth
