#include "vault.h"

#include "coffer/base/failpoint.h"
#include "coffer/base/log.h"
#include "coffer/base/thread.h"
#include "coffer/core/authority.h"
#include "coffer/core/restored.h"
#include "coffer/core/settings.h"
#include "coffer/crypto/random.h"
#include "coffer/envelope/end_changes.h"
#include "coffer/sys/sys.h"
#include "compose.h"
#include "http_witness.h"

namespace coffer::daemon {
namespace {

/// How long sealing waits for the last signature over the audit log, on the Door's thread.
constexpr std::chrono::milliseconds kLastSignature{250};
/// How long a change of the `sign` key, in a request of its own, waits for that of the old one.
constexpr std::chrono::seconds kOldKeysLast{10};

std::vector<pkcs11::TokenKeeper::Watched> keys_to_watch(const envelope::Keyring& keyring) {
  const envelope::EnrolledToken& ours = keyring.token();
  return {{pkcs11::KeyRole::kek, envelope::kek_ref(keyring.vault(), ours.kek_version)},
          {pkcs11::KeyRole::sign, envelope::sign_ref(keyring.vault(), ours.sign_version)}};
}

}  // namespace

Result<void> commit(store::Store& store, store::Transaction transaction) {
  if (transaction.empty()) return {};
  const store::Transaction all[] = {std::move(transaction)};
  COFFER_TRY(const auto outcomes, store.commit(all));
  if (outcomes.front() == store::CommitOutcome::committed) return {};
  return make_error(ErrorCode::conflict, "someone else is making this vault at the same time");
}

Result<std::unique_ptr<Vault>> Vault::make(VaultConfig config, const Clock& clock) {
  std::unique_ptr<Vault> vault(new Vault(std::move(config), clock));
  COFFER_CHECK(vault->open_parts());
  return vault;
}

Vault::~Vault() {
  row_check_.end();
  // While there is a key to sign with.
  finish_anchoring();
  finish_signing();
  state_.seal();
  const MutexLock lock(retiring_mutex_);
  if (retiring_.joinable()) retiring_.join();
}

/// A keeper ends when its thread does, and that may be waiting for a token that doesn't answer.
void Vault::retire(std::shared_ptr<core::Unsealed> sealed) {
  if (sealed == nullptr) return;
  if (sealed->row_sums != nullptr) sealed->row_sums->stop();
  if (sealed->keeper == nullptr) return;
  // Whoever is still at work with it must not take the token from who unseals next.
  sealed->keeper->let_go();
  if (sealed->keeper->health().state != pkcs11::TokenState::down) {
    return sign_last(std::move(sealed));
  }
  const MutexLock lock(retiring_mutex_);
  if (retiring_.joinable()) retiring_.join();
  auto retiring = start_thread([last = std::move(sealed)]() mutable { last.reset(); });
  // Else it went here and now, which only takes longer.
  if (retiring.ok()) retiring_ = *std::move(retiring);
}

/// Keys are wiped when that is done, or by whoever is still at work with them.
void Vault::sign_last(std::shared_ptr<core::Unsealed> sealed) {
  if (anchors_ != nullptr && !anchors_->part(sealed, kLastSignature)) {
    log::warn("the token takes its time to take the anchor: the vault is sealed all the same");
  }
  if (checkpointer_ == nullptr) return;
  crypto::Signer* const key = sealed->keyring.get();
  std::shared_ptr<crypto::Signer> signer(std::move(sealed), key);
  if (checkpointer_->part(std::move(signer), kLastSignature)) return;
  log::warn("the token takes its time to sign the audit log: the vault is sealed all the same");
}

void Vault::start_witnesses() {
  const AuditRules& rules = config_.audit;
  std::vector<std::unique_ptr<audit::Witness>> all;
  if (!rules.witness_file.empty()) all.push_back(audit::make_file_witness(rules.witness_file));
  if (rules.witness_syslog) all.push_back(audit::make_syslog_witness());
  if (!rules.witness_url.empty()) {
    HttpWitnessConfig http{.url = rules.witness_url, .ca_file = rules.witness_ca};
    // The configuration was checked when it was read.
    if (auto key = audit::parse_cosigner(rules.witness_key); key.ok()) http.key = std::move(*key);
    all.push_back(make_http_witness(std::move(http)));
  }
  if (all.empty()) return;
  witnesses_ = std::make_unique<audit::Witnesses>(
      config_.audit_directory, std::move(all), rules.witness_interval, clock_,
      [this](const std::string& name) {
        const audit::Line lines[] = {
            trail_->system_line("fork", "witness " + name + " knows another log of this node")};
        if (const auto told = log_->append(lines, true); !told.ok()) log::error(told.error());
      });
}

void Vault::finish_signing() {
  checkpointer_.reset();
  witnesses_.reset();
}

audit::CheckpointConfig Vault::signing_config() const {
  return {.directory = config_.audit_directory,
          .node = store_->node(),
          .durability = config_.audit_durability,
          .heartbeat = config_.audit.heartbeat,
          .max_unsigned = config_.audit.max_unsigned};
}

std::shared_ptr<crypto::Signer> Vault::signer() {
  auto open = state_.unsealed();
  if (open == nullptr) return nullptr;
  crypto::Signer* const key = open->keyring.get();
  return {std::move(open), key};
}

void Vault::start_signing() {
  if (!config_.audit.sign) return;
  start_witnesses();
  auto config = signing_config();
  config.on_signed = [this](const std::string& note) {
    if (witnesses_ != nullptr) witnesses_->offer(note);
  };
  checkpointer_ = std::make_unique<audit::Checkpointer>(*log_, clock_, std::move(config),
                                                        [this] { return signer(); });
}

void Vault::sign_once() {
  if (!config_.audit.sign) return;
  audit::Checkpointer(
      *log_, clock_, signing_config(), [this] { return signer(); },
      audit::Checkpointer::Threads::none)
      .round();
}

Result<void> Vault::open_parts() {
  COFFER_TRY(const Uuid new_node, crypto::random_uuid());
  COFFER_TRY(store_, store::open_sqlite_store({.path = config_.store_path}, new_node));
  COFFER_TRY(log_, audit::open_log({.directory = config_.audit_directory,
                                    .node = store_->node(),
                                    .durability = config_.audit_durability,
                                    .segment_bytes = config_.audit.segment_bytes,
                                    .segment_age = config_.audit.segment_age},
                                   clock_));
  trail_ = std::make_unique<audit::Trail>(*log_, nullptr, clock_);
  sys_ = sys::make_engine({state_, *this, clock_});
  pipeline_ =
      std::make_unique<core::Pipeline>(core::Pipeline::Parts{state_, *trail_, *sys_, sys::mount()});
  if (config_.anchored) {
    COFFER_TRY(const Uuid incarnation, crypto::random_uuid());
    const bool survives = config_.audit_durability == audit::Durability::power;
    anchors_ =
        std::make_unique<Anchors>(Anchors::Parts{*store_, *log_, clock_, survives}, incarnation);
  }
  backups_ = std::make_unique<core::Backups>(core::Backups::Parts{*store_, *log_, state_, clock_},
                                             config_.backup_directory);
  COFFER_TRY(const auto keyring, stored_keyring());
  if (keyring) {
    COFFER_TRY(const Uuid id, envelope::Keyring::vault_of(as_bytes(*keyring)));
    state_.set_vault(id);
  }
  return {};
}

Result<std::optional<std::string>> Vault::stored_keyring() const {
  return stored_row(envelope::keyring_row_key());
}

Result<std::optional<std::string>> Vault::stored_row(const store::Key& key) const {
  COFFER_TRY(const auto snapshot, store_->snapshot());
  COFFER_TRY(auto row, snapshot->get(key));
  return row ? std::optional<std::string>(std::move(row->value)) : std::nullopt;
}

Result<std::unique_ptr<pkcs11::TokenKeeper>> Vault::open_token(const SecureBytes* pin) {
  SecureBytes configured;
  if (pin == nullptr) {
    if (!config_.pin) {
      return make_error(ErrorCode::invalid_argument,
                        "the token's PIN is needed: no source of it is configured");
    }
    COFFER_TRY(configured, config_.pin());
    pin = &configured;
  }
  COFFER_TRY(auto token, source_->open(config_.token, *pin));
  return pkcs11::TokenKeeper::make(*source_, std::move(token), clock_,
                                   {.most_inside = config_.token_callers});
}

Result<void> Vault::unseal(const SecureBytes* pin) {
  const MutexLock lock(mutex_);
  if (state_.unsealed() != nullptr) return {};
  end_last();
  auto opened = open_stored(pin);
  // The keyring that they seal with is gone.
  if (!opened.ok() && sums_ != nullptr) sums_->close();
  return opened;
}

void Vault::end_last() {
  if (sums_ != nullptr) sums_->stop();
  if (const auto last = last_.lock()) envelope::end_key_changes(*last->sealed_store);
  // Waits for a commit that passed them before.
  if (sums_ != nullptr) store_->keep(sums_);
}

Result<void> Vault::open_stored(const SecureBytes* pin) {
  COFFER_TRY(const auto stored, stored_keyring());
  if (!stored) return make_error(ErrorCode::precondition, "Vault is not initialized");
  COFFER_TRY(auto token, open_token(pin));
  COFFER_TRY(auto keyring, open_keyring(*token, *stored));
  return open_vault(std::move(token), std::move(keyring), nullptr);
}

Result<void> Vault::open_vault(std::unique_ptr<pkcs11::TokenKeeper> token,
                               std::unique_ptr<envelope::Keyring> keyring, const Doubted* doubted) {
  const bool as_it_is = doubted != nullptr;
  COFFER_TRY(auto opened, open(std::move(token), std::move(keyring), as_it_is));
  COFFER_CHECK(refuse_unmade(*opened));
  if (as_it_is) COFFER_CHECK(let_go(*opened, doubted->damaged));
  if (!as_it_is) COFFER_CHECK(note_log(*opened));
  COFFER_CHECK(note_token(*opened));
  COFFER_TRY(const auto mark, stored_row(core::restore_mark_key()));
  if (mark) COFFER_CHECK(anchor_restored(*opened));
  COFFER_FAILPOINT("taking_on.anchored");
  COFFER_CHECK(take_over(*opened));
  if (mark) COFFER_CHECK(renew_keys(*opened, as_it_is));
  COFFER_CHECK(settle(*opened, mark.has_value(), as_it_is));
  COFFER_CHECK(respect_restore(*opened));
  COFFER_CHECK(respect_time(*opened));
  COFFER_CHECK(record_store(*opened));
  state_.unseal(opened);
  check_rows(opened);
  log::info("unsealed");
  return {};
}

Result<void> Vault::refuse_unmade(core::Unsealed& vault) {
  COFFER_TRY(const auto tx, vault.sealed_store->begin());
  COFFER_TRY(const bool whole, core::is_initialised(*tx));
  if (whole) return {};
  return make_error(ErrorCode::precondition,
                    "this vault's first rows were never written: initialise it again");
}

/// The mark goes last of all that it asks for, so that a start which is cut short, or which the
/// token fails, is simply made again; and not before the log knows of the store that it is on, or
/// the next one would be refused as older.
Result<void> Vault::settle(core::Unsealed& vault, bool marked, bool as_it_is) {
  COFFER_FAILPOINT("taking_on.renewed");
  if (marked) COFFER_CHECK(record_store(vault));
  COFFER_FAILPOINT("taking_on.recorded");
  COFFER_TRY(const auto tx, vault.sealed_store->begin());
  COFFER_CHECK(core::note_version(*tx, clock_.wall()));
  if (as_it_is) COFFER_CHECK(lifecycle::mend_mark(*tx, clock_.wall()));
  if (marked) COFFER_CHECK(want_searched(vault, *tx));
  if (marked && anchors_ != nullptr) COFFER_CHECK(core::raise_releases(*tx, anchors_->epoch()));
  COFFER_TRY(auto staged, core::adopt_restore_mark(*store_, *tx));
  COFFER_CHECK(commit(*store_, std::move(staged)));
  COFFER_FAILPOINT("taking_on.settled");
  return {};
}

/// What an older backup brings back is the past's: its tokens may have been revoked since, and what
/// it says of the world outside may be over.
Result<void> Vault::respect_restore(core::Unsealed& vault) {
  COFFER_TRY(const auto tx, vault.sealed_store->begin());
  COFFER_TRY(const std::uint64_t epoch, core::restores_released(*tx));
  vault.leases->set_epoch(epoch);
  COFFER_TRY(const auto restored, core::read_restored(*tx));
  if (!restored) return {};
  vault.tokens->void_through(restored->mark.sequence);
  vault.outside_paused = restored->paused;
  if (restored->paused) {
    log::warn("restored from a backup of " + to_rfc3339(restored->mark.created) +
              ": what reaches outside waits for sys/restore/release");
  }
  return {};
}

/// A clock that was set back while nobody looked brings nothing back to life.
Result<void> Vault::respect_time(core::Unsealed& vault) {
  COFFER_TRY(const auto tx, vault.sealed_store->begin());
  COFFER_TRY(const auto known, lifecycle::done_until(*tx));
  if (known) time_.at_least(*known);
  return {};
}

/// Another of the vault's tokens than the last time: the stored keyring is signed anew, by it. The
/// pinned file follows, as it may have to after a rotation that was cut short; that it can't be
/// written keeps nobody out, since the announcements lead on from the key that it has.
Result<void> Vault::take_over(core::Unsealed& opened) {
  if (!opened.keyring->signed_by_ours()) {
    COFFER_CHECK(opened.sealed_store->key_changes().take_over(clock_.wall()));
    log::info("this token signs for the vault from now on");
  }
  if (const auto followed = follow_keys(opened); !followed.ok()) {
    log::warn(describe(followed.error()));
  }
  return {};
}

Result<void> Vault::follow_keys(core::Unsealed& opened) const {
  // Made by open(), which knows what it is.
  auto& keeper = static_cast<pkcs11::TokenKeeper&>(*opened.token);
  COFFER_CHECK(keeper.watch(keys_to_watch(*opened.keyring)));
  return pin_signer(*opened.keyring);
}

Result<std::shared_ptr<core::Unsealed>> Vault::open(std::unique_ptr<pkcs11::TokenKeeper> token,
                                                    std::unique_ptr<envelope::Keyring> keyring,
                                                    bool as_it_is) {
  const pkcs11::TokenKeeper* const keeper = token.get();
  COFFER_CHECK(token->watch(keys_to_watch(*keyring)));
  envelope::CacheConfig cache = config_.cache;
  cache.usable = [this, keeper] { return keeper->alive_within(cache_grace_.load()); };
  // What the last unsealing left under way commits no more, or it would pass these sums by.
  if (sums_ != nullptr) sums_->close();
  const envelope::Keyring& ring = *keyring;
  std::shared_ptr<envelope::RowSums> sums;
  if (!as_it_is) {
    auto trusted = trusted_sums(*token, ring);
    if (!trusted.ok()) return name_damage(std::move(trusted).error(), ring);
    sums = *std::move(trusted);
  }
  store_->keep(sums);
  sums_ = sums;
  COFFER_TRY(auto opened, compose({*store_, *log_, state_, *this, clock_, config_.leases,
                                   config_.programs, config_.token.module_path},
                                  cache, std::move(token), std::move(keyring), std::move(sums)));
  if (opened->row_sums == nullptr) {
    COFFER_TRY(opened->row_sums,
               envelope::RowSums::take_stock(ring, *store_, core::authority_rows()));
    store_->keep(opened->row_sums);
  }
  sums_ = opened->row_sums;
  last_ = opened;
  opened->keeper = keeper;
  opened->before_new_signer = [this] {
    if (checkpointer_ == nullptr || checkpointer_->sign_now(kOldKeysLast)) return;
    log::warn("the key that goes didn't sign the last lines of the audit log");
  };
  opened->on_new_keys = [this](core::Unsealed& vault) {
    if (checkpointer_ != nullptr) checkpointer_->look();
    return follow_keys(vault);
  };
  return opened;
}

void Vault::set_cache(const envelope::CacheConfig& cache) {
  {
    const MutexLock lock(mutex_);
    config_.cache = cache;
  }
  if (const auto open = state_.unsealed()) open->sealed_store->set_cache_age(cache.max_age);
}

}  // namespace coffer::daemon
