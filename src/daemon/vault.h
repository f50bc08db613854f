// The vault as the daemon holds it: what is there always (store, log, state), and what comes and
// goes with the seal, put together in the order in which the rooms lean on each other.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "accept.h"
#include "anchors.h"
#include "audit_rules.h"
#include "coffer/audit/checkpointer.h"
#include "coffer/audit/witness.h"
#include "coffer/core/backups.h"
#include "coffer/core/damage.h"
#include "coffer/core/pipeline.h"
#include "coffer/lifecycle/effective_time.h"
#include "coffer/pkcs11/token_keeper.h"
#include "coffer/programs/programs.h"
#include "row_check.h"
#include "store_doubts.h"

namespace coffer::daemon {

/// Asked each time that the token is opened: the PIN is not kept.
using PinSource = std::function<Result<SecureBytes>()>;

struct VaultConfig {
  pkcs11::TokenConfig token;
  /// Opens it. Outlived by nothing that it gives.
  std::unique_ptr<pkcs11::TokenSource> source;
  std::string store_path;
  std::string audit_directory;
  std::string signer_path;  ///< PEM of the pinned signer
  std::string backup_directory;
  audit::Durability audit_durability = audit::Durability::power;
  AuditRules audit{};
  envelope::CacheConfig cache{};
  /// How long what is cached may be read while the token is down.
  std::chrono::seconds cache_grace{0};
  lifecycle::LeaseLimits leases{};
  /// Workers that may wait for the token at once: fewer than there are.
  std::size_t token_callers = 2;
  /// Empty: whoever initialises or unseals brings the PIN.
  PinSource pin{};
  /// Where the root token goes when the vault is made; empty: to who asked alone (sys/init).
  std::string root_token_path{};
  /// Runs what rotations need; null: the configuration lists no program. Outlives the vault.
  programs::Runner* programs = nullptr;
  /// Mounts KV version 2 at secret/ when the vault is made.
  bool mount_secret = false;
  /// Looks at the token's anchor, and keeps it: not for a copy that is thrown away.
  bool anchored = true;
};

/// Thread-safe once made. `clock` outlives it.
class Vault final : public core::Control {
 public:
  /// Opens store and log; the vault is sealed. A second daemon on the same store is refused.
  [[nodiscard]] static Result<std::unique_ptr<Vault>> make(VaultConfig config, const Clock& clock);
  ~Vault() override;

  Result<Initialised> initialise(const SecureBytes* pin, const std::optional<Uuid>& adopt,
                                 const std::optional<envelope::Enrolment>& recovery) override;
  Result<void> unseal(const SecureBytes* pin) override;
  /// Takes on a store that isn't the one that the vault left: as after a restore its tokens are
  /// void and what reaches outside waits; the kek is rotated, and all is on the record. Rows that
  /// can't be opened go. precondition: nothing is wrong; or rows can't be opened without which
  /// nobody may be let in, and nothing was changed.
  [[nodiscard]] Result<Accepted> accept_restore();
  /// From now on unseal() takes on what came out of a backup although log or token know of later:
  /// an operator asks for it. Before any unseal().
  void take_on_restored() { takes_restored_ = true; }
  /// From now on, whenever it is open, all rows are looked over beside everything else; where one
  /// isn't as the vault left it, that is recorded and the vault sealed.
  void watch_rows() COFFER_EXCLUDES(mutex_);
  void forget_pin() override { source_->forget(); }
  void retire(std::shared_ptr<core::Unsealed> sealed) override COFFER_EXCLUDES(retiring_mutex_);
  bool has_pin() const override { return static_cast<bool>(config_.pin); }
  std::string audit_directory() const override { return config_.audit_directory; }
  const audit::Checkpointer* signing() const override { return checkpointer_.get(); }
  const audit::Witnesses* witnesses() const override { return witnesses_.get(); }
  std::optional<core::AnchorStatus> anchor() const override;
  core::Backups& backups() override { return *backups_; }
  lifecycle::EffectiveTime* time() override { return &time_; }

  /// From now on the audit log is signed while the vault is open. Not for a vault whose log is
  /// thrown away: two logs of one node, both signed, are the mark of a forgery.
  void start_signing();
  /// Behind the log's last line, and while no request is under way.
  void finish_signing();

  /// From now on the token's anchor is written while the vault is open.
  void start_anchoring();
  /// Writes it a last time, while no request is under way.
  void finish_anchoring() { anchors_.reset(); }

  /// The age counts at once, the number of entries from the next unseal on.
  void set_cache(const envelope::CacheConfig& cache) COFFER_EXCLUDES(mutex_);
  void set_cache_grace(std::chrono::seconds grace) { cache_grace_ = grace; }

  [[nodiscard]] store::Store& store() { return *store_; }
  [[nodiscard]] audit::Log& log() { return *log_; }
  /// For lines of the daemon itself: they need no keys.
  [[nodiscard]] audit::Trail& trail() { return *trail_; }
  [[nodiscard]] core::State& state() { return state_; }
  [[nodiscard]] const core::Pipeline& pipeline() const { return *pipeline_; }

 private:
  Vault(VaultConfig config, const Clock& clock)
      : config_(std::move(config)),
        clock_(clock),
        time_(clock),
        cache_grace_(config_.cache_grace),
        source_(std::move(config_.source)) {}
  [[nodiscard]] Result<void> open_parts();
  void start_witnesses();
  void sign_last(std::shared_ptr<core::Unsealed> sealed);
  [[nodiscard]] Result<std::unique_ptr<pkcs11::TokenKeeper>> open_token(const SecureBytes* pin);
  [[nodiscard]] Result<std::optional<std::string>> stored_keyring() const;
  /// What the last unsealing left under way is committed, or won't be: a keyring that is read from
  /// here on is the one that stands, until this unsealing changes it.
  void end_last() COFFER_REQUIRES(mutex_);
  [[nodiscard]] Result<void> open_stored(const SecureBytes* pin) COFFER_REQUIRES(mutex_);
  struct Doubted;
  /// unseal() from the open keyring on. `doubted`: of a store that is to be taken on as it is, else
  /// nullptr.
  [[nodiscard]] Result<void> open_vault(std::unique_ptr<pkcs11::TokenKeeper> token,
                                        std::unique_ptr<envelope::Keyring> keyring,
                                        const Doubted* doubted) COFFER_REQUIRES(mutex_);
  [[nodiscard]] static Result<void> refuse_unmade(core::Unsealed& vault);
  /// What an unsealing commits of its own. `marked`: the store bears the mark of a restore, which
  /// goes with it.
  [[nodiscard]] Result<void> settle(core::Unsealed& vault, bool marked, bool as_it_is);
  [[nodiscard]] Result<std::shared_ptr<envelope::RowSums>> trusted_sums(
      pkcs11::Token& token, const envelope::Keyring& keyring) const;
  [[nodiscard]] Result<void> heed_anchor(pkcs11::Token& token, const envelope::Keyring& keyring,
                                         const Result<std::shared_ptr<envelope::RowSums>>& sums,
                                         bool restored) const;
  /// What is wrong with the store; nullopt: nothing.
  [[nodiscard]] Result<std::optional<Error>> doubt_of(pkcs11::Token& token,
                                                      const envelope::Keyring& keyring) const;
  [[nodiscard]] audit::CheckpointConfig signing_config() const;
  /// nullptr: the vault is sealed.
  [[nodiscard]] std::shared_ptr<crypto::Signer> signer();
  /// The log as it is now, where no thread does it.
  void sign_once();
  /// A token that holds less than the log says it was given, into the log.
  [[nodiscard]] Result<void> note_token(const core::Unsealed& vault);
  /// A log that lacks its end, by its checkpoints or the store, into it.
  [[nodiscard]] Result<void> note_log(const core::Unsealed& vault);
  [[nodiscard]] KnownLog known_log(const envelope::Keyring& keyring) const;
  /// A store that was restored, or taken on, is the one from now on.
  [[nodiscard]] Result<void> anchor_restored(core::Unsealed& vault);
  [[nodiscard]] static Result<void> want_searched(const core::Unsealed& vault,
                                                  envelope::SealedTransaction& tx);
  /// What the store came to, into the log.
  [[nodiscard]] Result<void> record_store(const core::Unsealed& vault);
  void check_rows(const std::shared_ptr<core::Unsealed>& vault) COFFER_REQUIRES(mutex_);
  void found_damage(const Error& error);
  void found_second_copy(const Error& error);
  void seal_for(std::string_view event, const Error& error);
  [[nodiscard]] static Result<void> respect_restore(core::Unsealed& vault);
  [[nodiscard]] Result<void> respect_time(core::Unsealed& vault);
  [[nodiscard]] Result<std::optional<std::string>> stored_row(const store::Key& key) const;
  /// The token at hand signs from now on, and its key is the one that is pinned.
  [[nodiscard]] Result<void> take_over(core::Unsealed& opened);
  /// Writes the public key that the next start pins, if the file has another.
  [[nodiscard]] Result<void> pin_signer(const envelope::Keyring& keyring) const;
  /// The keys of now are those that are watched, and the one that is pinned.
  [[nodiscard]] Result<void> follow_keys(core::Unsealed& opened) const;
  [[nodiscard]] Result<std::shared_ptr<core::Unsealed>> open(
      std::unique_ptr<pkcs11::TokenKeeper> token, std::unique_ptr<envelope::Keyring> keyring,
      bool as_it_is = false) COFFER_REQUIRES(mutex_);
  struct FoundKeyring {
    std::unique_ptr<envelope::Keyring> keyring;
    /// A `sign` key of the token's signed it that isn't the pinned one's any more: the store is of
    /// before a rotation of that key.
    bool of_before = false;
  };
  [[nodiscard]] Result<FoundKeyring> find_keyring(pkcs11::Token& token, std::string_view stored);
  struct Doubted {
    Error error;
    std::vector<core::DamagedRow> damaged{};
  };
  /// precondition: nothing is wrong with the store, nor was accept_restore() cut short.
  [[nodiscard]] Result<Doubted> doubts(pkcs11::Token& token, const FoundKeyring& found) const;
  /// Of an error that says that the store isn't right: also which rows can't be opened.
  [[nodiscard]] Error name_damage(Error error, const envelope::Keyring& keyring) const;
  /// Into a file beside the store, whose path it gives; of no rows none.
  [[nodiscard]] Result<std::string> set_aside(const std::vector<core::DamagedRow>& rows) const;
  [[nodiscard]] Result<void> mark_accepted();
  /// accept_restore() from its first commit on: cut short anywhere, another run does it all.
  [[nodiscard]] Result<void> take_on(std::unique_ptr<pkcs11::TokenKeeper> token,
                                     std::unique_ptr<envelope::Keyring> keyring,
                                     const Doubted& doubted, Accepted& accepted)
      COFFER_REQUIRES(mutex_);
  /// Rows that can't be opened go.
  [[nodiscard]] Result<void> let_go(core::Unsealed& vault,
                                    const std::vector<core::DamagedRow>& damaged);
  /// What is due for rows that are left may have gone.
  [[nodiscard]] Result<void> mend(const core::Lacking& lacking);
  [[nodiscard]] Result<void> look_for_lacking(Accepted& accepted);
  [[nodiscard]] Result<void> end_accepting(Accepted& accepted);
  /// One of before is precondition, unless a restore is to be taken on.
  [[nodiscard]] Result<std::unique_ptr<envelope::Keyring>> open_keyring(pkcs11::Token& token,
                                                                        std::string_view stored);
  /// Keys that the token has and an older store doesn't know of aren't used again.
  [[nodiscard]] Result<void> renew_keys(core::Unsealed& opened, bool always_kek);
  [[nodiscard]] Result<std::unique_ptr<envelope::Keyring>> create_keyring(
      pkcs11::Token& token, const std::optional<Uuid>& adopt, const std::optional<Uuid>& wanted,
      bool& adopted);
  [[nodiscard]] Result<void> enrol_recovery(core::Unsealed& opened,
                                            const envelope::Enrolment& recovery);
  [[nodiscard]] Result<SecureBytes> first_rows(core::Unsealed& vault);
  void replace_past_anchor(core::Unsealed& opened);

  VaultConfig config_;
  const Clock& clock_;
  lifecycle::EffectiveTime time_;
  std::atomic<std::chrono::seconds> cache_grace_;
  Mutex mutex_;  ///< one initialise or unseal at a time
  const std::unique_ptr<pkcs11::TokenSource> source_;
  core::State state_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<audit::Log> log_;
  std::unique_ptr<audit::Witnesses> witnesses_;
  std::unique_ptr<audit::Checkpointer> checkpointer_;
  std::unique_ptr<audit::Trail> trail_;
  std::unique_ptr<engine::Engine> sys_;  ///< answers while sealed
  std::unique_ptr<core::Pipeline> pipeline_;
  std::unique_ptr<core::Backups> backups_;
  /// Those of the unsealing before may let late commits pass until they are closed.
  std::shared_ptr<envelope::RowSums> sums_ COFFER_GUARDED_BY(mutex_);
  std::weak_ptr<core::Unsealed> last_ COFFER_GUARDED_BY(mutex_);
  bool watching_rows_ COFFER_GUARDED_BY(mutex_) = false;
  bool made_now_ = false;  ///< is being made: what the token knows of the vault is of its past
  bool takes_restored_ = false;
  Mutex retiring_mutex_;
  std::thread retiring_ COFFER_GUARDED_BY(retiring_mutex_);
  RowCheck row_check_;                ///< it may seal
  std::unique_ptr<Anchors> anchors_;  ///< goes first: it may seal
};

/// One transaction beside the Door (docs/decisions/0004); nothing staged is no error.
[[nodiscard]] Result<void> commit(store::Store& store, store::Transaction transaction);

}  // namespace coffer::daemon
