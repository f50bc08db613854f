// What the vault as a whole knows of itself: who it is, whether it is open, what is wrong with it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "coffer/base/mutex.h"
#include "coffer/base/secure_bytes.h"
#include "coffer/base/uuid.h"
#include "coffer/core/anchor_status.h"
#include "coffer/core/denials.h"
#include "coffer/core/in_flight.h"
#include "coffer/core/tally.h"
#include "coffer/envelope/key_changes.h"

namespace coffer::audit {
class Checkpointer;
class Witnesses;
}  // namespace coffer::audit

namespace coffer::lifecycle {
class EffectiveTime;
}

namespace coffer::core {

struct Unsealed;
class Backups;

/// Thread-safe.
class State final {
 public:
  /// Sealed, and not initialised until told otherwise.
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  /// nullopt: not initialised.
  [[nodiscard]] std::optional<Uuid> vault() const COFFER_EXCLUDES(mutex_);
  void set_vault(const Uuid& vault) COFFER_EXCLUDES(mutex_);

  /// nullptr: sealed. Whoever holds it finishes what is under way, though the vault be sealed
  /// meanwhile.
  [[nodiscard]] std::shared_ptr<Unsealed> unsealed() const COFFER_EXCLUDES(mutex_);
  void unseal(std::shared_ptr<Unsealed> opened) COFFER_EXCLUDES(mutex_);
  /// From now on nobody gets at keys; they are wiped when the last who holds them lets go, which
  /// may be who gets it here.
  std::shared_ptr<Unsealed> seal() COFFER_EXCLUDES(mutex_);

  /// The reason why the audit log can't be written; empty: it can. Set by the Door alone.
  void set_log_trouble(std::string reason) COFFER_EXCLUDES(mutex_);
  [[nodiscard]] std::string log_trouble() const COFFER_EXCLUDES(mutex_);

  Denials denials;
  InFlight in_flight;
  Tally tally;

 private:
  mutable Mutex mutex_;
  std::optional<Uuid> vault_ COFFER_GUARDED_BY(mutex_);
  std::shared_ptr<Unsealed> unsealed_ COFFER_GUARDED_BY(mutex_);
  std::string log_trouble_ COFFER_GUARDED_BY(mutex_);
};

/// What takes the whole house to do. Implemented by `daemon`; thread-safe, one at a time.
class Control {
 public:
  virtual ~Control() = default;

  struct Initialised {
    SecureBytes root_token;  ///< nowhere else
    Uuid vault;
    std::string token_serial;
    bool adopted = false;  ///< keys that were on the token already
  };
  /// Makes the vault's keys on the token, or adopts those that are there for the vault `adopt`,
  /// then opens it. `recovery`: a second token to wrap it to from the start, made for this vault's
  /// id. `pin`: nullptr takes the configured source's. `precondition`: it is initialised already.
  [[nodiscard]] virtual Result<Initialised> initialise(
      const SecureBytes* pin, const std::optional<Uuid>& adopt,
      const std::optional<envelope::Enrolment>& recovery) = 0;
  /// Opens it. No harm if it is open.
  [[nodiscard]] virtual Result<void> unseal(const SecureBytes* pin) = 0;
  /// So that the token isn't opened again: before it is sealed.
  virtual void forget_pin() {}
  /// Takes what was sealed. On the Door's thread, which must not wait for a token that hangs.
  virtual void retire(std::shared_ptr<Unsealed> sealed) { sealed.reset(); }
  /// Whether the daemon has a source of the PIN, so that its owner need not bring it.
  [[nodiscard]] virtual bool has_pin() const = 0;
  /// Where the audit log is, for people.
  [[nodiscard]] virtual std::string audit_directory() const = 0;
  /// What signs the audit log; null: nothing does.
  [[nodiscard]] virtual const audit::Checkpointer* signing() const { return nullptr; }
  /// Who keeps its checkpoints elsewhere; null: nobody does.
  [[nodiscard]] virtual const audit::Witnesses* witnesses() const { return nullptr; }
  /// How the vault's anchor on its token is; nullopt: none is kept.
  [[nodiscard]] virtual std::optional<AnchorStatus> anchor() const { return std::nullopt; }
  [[nodiscard]] virtual Backups& backups() = 0;
  /// The time that counts; null in tests alone.
  [[nodiscard]] virtual lifecycle::EffectiveTime* time() { return nullptr; }
};

}  // namespace coffer::core
