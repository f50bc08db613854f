#include "coffer/auth/unix_roles.h"

#include <algorithm>
#include <map>
#include <set>

#include "coffer/base/codec.h"
#include "coffer/base/mutex.h"
#include "coffer/crypto/digest.h"
#include "token_row.h"
#include "unix_row.h"

namespace coffer::auth {
namespace {

using envelope::Expect;

constexpr envelope::Space kRoleSpace{.mount = {}, .table = 9};
constexpr std::string_view kRoles = "role/";
constexpr std::string_view kEntityLabel = "coffer unix entity v1";
constexpr std::string_view kIdentityLabel = "coffer unix identity v1";
/// Always the first: a peer keeps its accessor, and what hangs on it, when the key rotates. All
/// that the key hides here is a uid.
constexpr std::uint32_t kEntityKeyVersion = 1;
constexpr std::size_t kAccessorBytes = 18;
/// What the kernel says of a uid or gid that has no mapping here: anyone's (user_namespaces(7)).
constexpr std::uint32_t kOverflowId = 65534;
/// Callers that are kept made out, of one version of the roles.
constexpr std::size_t kMaxCallers = 1024;

envelope::RowName role_row(std::string_view name) {
  return {kRoleSpace, std::string(kRoles), std::string(name)};
}
/// Written with each change of a role: its version tells whether roles are what they were.
envelope::RowName epoch_row() { return {kRoleSpace, {}, "epoch"}; }

template <typename Value>
bool holds(const std::vector<Value>& values, const Value& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

bool matches_groups(const UnixRole& role, const model::Peer& peer) {
  if (role.groups.empty()) return true;
  return std::any_of(peer.groups.begin(), peer.groups.end(), [&](gid_t group) {
    return group != kOverflowId && holds(role.groups, group);
  });
}

bool matches_unit(const UnixRole& role, const model::Peer& peer) {
  if (!role.units.empty() && (peer.unit.empty() || !holds(role.units, peer.unit))) return false;
  return !peer.container || (role.allow_containers && !role.units.empty());
}

}  // namespace

bool matches(const UnixRole& role, const model::Peer& peer) {
  if (peer.uid == kOverflowId || peer.gid == kOverflowId) return false;
  if (role.uids.empty() && role.gids.empty() && role.groups.empty()) return false;
  if (!role.uids.empty() && !holds(role.uids, peer.uid)) return false;
  if (!role.gids.empty() && !holds(role.gids, peer.gid)) return false;
  return matches_groups(role, peer) && matches_unit(role, peer);
}

/// All roles as of one version of the epoch row, and the callers that they made so far.
struct UnixRoles::Loaded {
  store::RowVersion epoch = 0;
  std::vector<std::pair<std::string, UnixRole>> roles;  ///< sorted by name

  Mutex mutex;
  std::map<std::string, std::shared_ptr<const model::Caller>> callers COFFER_GUARDED_BY(mutex);
};

class UnixRoles::Cache final {
 public:
  [[nodiscard]] std::shared_ptr<Loaded> get() COFFER_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return loaded_;
  }
  void put(std::shared_ptr<Loaded> loaded) COFFER_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    loaded_ = std::move(loaded);
  }
  /// Where the epoch row stands; empty: not made out yet.
  [[nodiscard]] store::Key epoch_place() COFFER_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return epoch_place_;
  }
  void set_epoch_place(store::Key place) COFFER_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    epoch_place_ = std::move(place);
  }

 private:
  Mutex mutex_;
  std::shared_ptr<Loaded> loaded_ COFFER_GUARDED_BY(mutex_);
  store::Key epoch_place_ COFFER_GUARDED_BY(mutex_);
};

UnixRoles::UnixRoles(const envelope::Keyring& keyring)
    : keyring_(keyring), cache_(std::make_unique<Cache>()) {}

UnixRoles::~UnixRoles() = default;

Result<std::shared_ptr<UnixRoles::Loaded>> UnixRoles::loaded(
    envelope::SealedTransaction& tx) const {
  store::Key place = cache_->epoch_place();
  if (place.empty()) {
    COFFER_TRY(place, tx.place(epoch_row()));
    cache_->set_epoch_place(place);
  }
  COFFER_TRY(const store::RowVersion epoch, tx.version_at(place));
  if (epoch == 0) return std::shared_ptr<Loaded>();
  if (auto kept = cache_->get(); kept != nullptr && kept->epoch == epoch) return kept;
  auto fresh = std::make_shared<Loaded>();
  fresh->epoch = epoch;
  COFFER_TRY(const auto rows, tx.list(kRoleSpace, kRoles));
  for (const envelope::ListedRow& row : rows) {
    COFFER_TRY(UnixRole role, decode_unix_role(row.value));
    fresh->roles.emplace_back(row.name, std::move(role));
  }
  cache_->put(fresh);
  return fresh;
}

namespace {

/// What a caller is, and nothing else: all peers alike in this are one caller.
struct Entity {
  std::vector<std::string> roles;
  std::set<std::string> policies;
  uid_t uid = kOverflowId;
  std::string unit;

  [[nodiscard]] std::string joined_roles() const {
    std::string out;
    for (const std::string& role : roles) out += (out.empty() ? "" : ",") + role;
    return out;
  }
  [[nodiscard]] std::string name() const { return with(unit); }
  /// Whatever the unit: a user gets a new one by logging in again. Where it tells services apart,
  /// the roles do.
  [[nodiscard]] std::string identity() const { return with({}); }

 private:
  [[nodiscard]] std::string with(std::string_view its_unit) const {
    Writer bytes;
    bytes.u32(static_cast<std::uint32_t>(roles.size()));
    for (const std::string& role : roles) bytes.text(role);
    bytes.u32(uid).text(its_unit);
    return std::string(as_text(bytes.view()));
  }
};

Result<std::string> hashed(ByteView key, std::string_view label, const std::string& name) {
  COFFER_TRY(const crypto::Sha256 hash,
             crypto::hmac_sha256(key, {as_bytes(label), as_bytes(name)}));
  return base64url(ByteView(hash).first(kAccessorBytes));
}

Result<std::shared_ptr<const model::Caller>> caller_of(const envelope::Keyring& keyring,
                                                       const Entity& entity) {
  COFFER_TRY(const ByteView key, keyring.key(envelope::KeyName::token_hash, kEntityKeyVersion,
                                             Reveal{"name a peer of the socket"}));
  auto caller = std::make_shared<model::Caller>();
  COFFER_TRY(caller->accessor, hashed(key, kEntityLabel, entity.name()));
  COFFER_TRY(caller->identity, hashed(key, kIdentityLabel, entity.identity()));
  caller->display_name = "unix-" + entity.joined_roles();
  caller->policies.assign(entity.policies.begin(), entity.policies.end());
  caller->token_type = "unix";
  caller->metadata = {{"role", entity.joined_roles()}, {"uid", std::to_string(entity.uid)}};
  if (!entity.unit.empty()) caller->metadata.emplace_back("unit", entity.unit);
  return std::shared_ptr<const model::Caller>(std::move(caller));
}

}  // namespace

Result<std::optional<Identity>> UnixRoles::identify(envelope::SealedTransaction& tx,
                                                    const model::Peer& peer) const {
  COFFER_TRY(const std::shared_ptr<Loaded> all, loaded(tx));
  if (all == nullptr) return std::optional<Identity>();
  Entity entity{.roles = {}, .policies = {}, .uid = peer.uid, .unit = peer.unit};
  for (const auto& [name, role] : all->roles) {
    if (!matches(role, peer)) continue;
    entity.roles.push_back(name);
    entity.policies.insert(role.policies.begin(), role.policies.end());
  }
  if (entity.roles.empty()) return std::optional<Identity>();
  const std::string key = entity.name();
  {
    const MutexLock lock(all->mutex);
    const auto known = all->callers.find(key);
    if (known != all->callers.end()) return std::optional<Identity>({known->second, false});
  }
  COFFER_TRY(auto caller, caller_of(keyring_, entity));
  const MutexLock lock(all->mutex);
  if (all->callers.size() >= kMaxCallers) all->callers.clear();
  all->callers.insert_or_assign(key, caller);
  return std::optional<Identity>({std::move(caller), false});
}

Result<std::optional<StoredUnixRole>> UnixRoles::read(envelope::SealedTransaction& tx,
                                                      std::string_view name) const {
  COFFER_TRY(const std::optional<envelope::OpenedRow> row, tx.read(role_row(name)));
  if (!row) return std::optional<StoredUnixRole>();
  COFFER_TRY(UnixRole role, decode_unix_role(row->value));
  return std::optional<StoredUnixRole>({std::move(role), row->version});
}

Result<void> UnixRoles::write(envelope::SealedTransaction& tx, std::string_view name,
                              const StoredUnixRole& role) const {
  COFFER_CHECK(tx.write(role_row(name), encode_unix_role(role.role),
                        role.version == 0 ? Expect::absent() : Expect::unchanged(role.version)));
  return tx.write(epoch_row(), {}, Expect::anything());
}

Result<void> UnixRoles::remove(envelope::SealedTransaction& tx, std::string_view name) const {
  tx.erase(role_row(name), Expect::anything());
  return tx.write(epoch_row(), {}, Expect::anything());
}

Result<std::vector<std::string>> UnixRoles::list(envelope::SealedTransaction& tx) const {
  COFFER_TRY(const auto rows, tx.list(kRoleSpace, kRoles));
  std::vector<std::string> names;
  for (const envelope::ListedRow& row : rows) names.push_back(row.name);
  return names;
}

}  // namespace coffer::auth
