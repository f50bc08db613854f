// Connections of the engine and the Targets that they become: read, opened, kept until their row
// changes.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "coffer/base/mutex.h"
#include "coffer/connectors/target.h"
#include "coffer/engines/database/database.h"
#include "rows.h"
#include "tables.h"

namespace coffer::engines::database {

[[nodiscard]] std::optional<connectors::Kind> kind_of(std::string_view plugin);

/// A connection as it is stored.
struct Found {
  Uuid mount;
  Uuid id;
  Connection row;
  engine::RowVersion version = 0;
};

/// What the ends of its leases are held back together by (lifecycle::NewLease::target): its name
/// for people, and its uuid, for a name may be used again.
[[nodiscard]] std::string target_name(const Found& connection);

/// Commits what `stage` stages, beside the Door; runs it again after a lost race.
[[nodiscard]] Result<void> commit_own(
    const Parts& parts, const std::function<Result<void>(engine::SealedTransaction&)>& stage);

/// By its configuration's name; nullopt: there is none.
[[nodiscard]] Result<std::optional<Found>> find_connection(engine::SealedTransaction& tx,
                                                           const Uuid& mount,
                                                           std::string_view name);
/// By its uuid, also when its name is gone.
[[nodiscard]] Result<std::optional<Found>> read_connection(engine::SealedTransaction& tx,
                                                           const Uuid& mount, const Uuid& id);
/// A secret of the mount, in memory that is wiped.
[[nodiscard]] Result<SecureBytes> open_secret(engine::SealedTransaction& tx,
                                              const engine::RowName& row,
                                              const engine::SecretContext& context);
/// The administrator's password of that version; empty for version 0, which is none.
[[nodiscard]] Result<SecureBytes> open_password(engine::SealedTransaction& tx, const Found& found,
                                                std::uint64_t version);
/// Seals the password that is pending by the row, which the caller saves.
[[nodiscard]] Result<void> seal_pending(engine::SealedTransaction& tx, const Found& found,
                                        const SecureBytes& password);
/// Stages the row; nobody may have changed it since.
[[nodiscard]] Result<void> save(engine::SealedTransaction& tx, const Found& found);
/// Stages that its pending password is the current one; the others are gone.
[[nodiscard]] Result<void> promote(engine::SealedTransaction& tx, Found found, WallTime now);

/// Thread-safe.
class Targets final {
 public:
  explicit Targets(const Parts& parts) : parts_(parts) {}

  using Act = std::function<Result<void>(connectors::Target&)>;
  /// Runs `act` on the connection's Target, and once more with another password if the
  /// administrator's was refused: it may be that a change of it took effect that nobody knew the
  /// outcome of. What is left of `unauthenticated` is `unavailable`: the caller isn't to blame.
  [[nodiscard]] Result<void> with(engine::SealedTransaction& tx, const Found& found, const Act& act)
      COFFER_EXCLUDES(mutex_);
  /// Of a connection that isn't stored like this (yet). What it opens counts with what those of the
  /// same `id` have open at that server.
  [[nodiscard]] Result<std::unique_ptr<connectors::Target>> make(const Uuid& id,
                                                                 const Connection& row,
                                                                 SecureBytes password)
      COFFER_EXCLUDES(mutex_);
  /// Closes its connections, once those at work are done.
  void forget(const Uuid& id) COFFER_EXCLUDES(mutex_);

  /// A change of a password is under way: of a connection's (by its uuid) or of a static role's. Of
  /// a connection others keep the Target as it is meanwhile.
  class Turn final {
   public:
    Turn(Targets& targets, std::string what) : targets_(targets), what_(std::move(what)) {}
    ~Turn() { targets_.end_turn(what_); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    Targets& targets_;
    const std::string what_;
  };
  /// Empty: another one's is under way, and is still after `most`.
  [[nodiscard]] std::unique_ptr<Turn> take_turn(const std::string& what,
                                                std::chrono::milliseconds most = {})
      COFFER_EXCLUDES(mutex_);

 private:
  using Shared = std::shared_ptr<connectors::Target>;
  struct Kept {
    engine::RowVersion version = 0;
    Shared target;
  };
  void end_turn(const std::string& what) COFFER_EXCLUDES(mutex_);
  [[nodiscard]] Shared kept(const Found& found) COFFER_EXCLUDES(mutex_);
  [[nodiscard]] Shared keep(const Found& found, Shared made) COFFER_EXCLUDES(mutex_);
  [[nodiscard]] std::shared_ptr<connectors::Seats> seats_of(const Uuid& id, connectors::Kind kind,
                                                            const std::string& url)
      COFFER_EXCLUDES(mutex_);
  [[nodiscard]] Result<Shared> open(engine::SealedTransaction& tx, const Found& found)
      COFFER_EXCLUDES(mutex_);
  [[nodiscard]] Result<Shared> open_version(engine::SealedTransaction& tx, const Found& found,
                                            std::uint64_t version) COFFER_EXCLUDES(mutex_);
  [[nodiscard]] Result<void> run(engine::SealedTransaction& tx, const Found& found, const Act& act)
      COFFER_EXCLUDES(mutex_);
  /// With the password of a configuration that took the place of `retired`; `refusal` if none did.
  [[nodiscard]] Result<void> with_successor(engine::SealedTransaction& tx, const Found& retired,
                                            const Act& act, Result<void> refusal)
      COFFER_EXCLUDES(mutex_);
  [[nodiscard]] Result<Shared> settle(engine::SealedTransaction& tx, const Found& found)
      COFFER_EXCLUDES(mutex_);

  const Parts& parts_;
  Mutex mutex_;
  CondVar ended_;  ///< a turn
  std::map<Uuid, Kept> kept_ COFFER_GUARDED_BY(mutex_);
  /// By uuid and address; of those that are gone until the next new one.
  std::map<std::string, std::weak_ptr<connectors::Seats>> seats_ COFFER_GUARDED_BY(mutex_);
  std::set<std::string> turns_ COFFER_GUARDED_BY(mutex_);
};

}  // namespace coffer::engines::database
