// Whether the store is the one that the vault left: asked before it is opened, and beside serving.
#include "coffer/base/log.h"
#include "coffer/core/restored.h"
#include "coffer/envelope/taken_back.h"
#include "coffer/lifecycle/unsearched.h"
#include "databases.h"
#include "store_doubts.h"
#include "vault.h"

namespace coffer::daemon {

Result<std::shared_ptr<envelope::RowSums>> Vault::trusted_sums(
    pkcs11::Token& token, const envelope::Keyring& keyring) const {
  COFFER_TRY(const auto logged, audit::last_store_line(config_.audit_directory));
  COFFER_TRY(const auto mark, stored_row(core::restore_mark_key()));
  const bool restored = mark.has_value() && takes_restored_;
  auto sums = sums_of(keyring, *store_, logged, restored);
  // Looked at whatever the sums say: whoever takes the store on replaces what is there.
  auto heeded = heed_anchor(token, keyring, sums, restored);
  if (heeded.ok() && !restored && config_.audit_durability == audit::Durability::power) {
    heeded = refuse_cut_log(known_log(keyring), store_->node());
  }
  if (sums.ok() && heeded.ok()) return sums;
  Error error = sums.ok() ? heeded.error() : sums.error();
  // A mark alone proves nothing: whoever can write the store can write one.
  if (mark && !takes_restored_ && error.code == ErrorCode::precondition) {
    error.text.insert(0, kSaysRestored);
  }
  return error;
}

KnownLog Vault::known_log(const envelope::Keyring& keyring) const {
  return {config_.audit_directory, {.bare = envelope::sign_keys(keyring)}};
}

/// A vault whose first rows were never written has nothing that could be older.
Result<void> Vault::heed_anchor(pkcs11::Token& token, const envelope::Keyring& keyring,
                                const Result<std::shared_ptr<envelope::RowSums>>& sums,
                                bool restored) const {
  if (anchors_ == nullptr) return {};
  COFFER_TRY(const auto found, anchors_->look(token, keyring));
  if (made_now_ || !sums.ok()) return {};
  if (*sums == nullptr) COFFER_CHECK(refuse_lost_sums(found));
  if (restored) return {};
  envelope::StoreState state{.sequence = store_->sequence()};
  if (*sums != nullptr) {
    COFFER_TRY(state, (*sums)->state());
  }
  return compare_with_anchor(state, store_->node(), known_log(keyring), found);
}

/// Nothing that is served is older for it, and a token may lose its last write with the power, or
/// come back from its maker's backup: so it is said, and refused to nobody (decision 0048).
Result<void> Vault::note_token(const core::Unsealed& vault) {
  if (anchors_ == nullptr || !anchors_->status().supported) return {};
  const auto told = anchor_told_of(config_.audit_directory, *vault.keyring);
  if (!told.ok()) {
    log::warn("what the audit log tells of the token's anchors can't be read: " +
              describe(told.error()));
    return {};
  }
  // Asked after the log: what is written meanwhile is on the token first.
  const auto doubt = doubt_of_token(anchors_->known(), *told);
  if (!doubt) return {};
  log::warn(*doubt + ": its data were put back, or it lost what was written last");
  const audit::Line lines[] = {trail_->system_line("token_put_back", *doubt)};
  return log_->append(lines, true);
}

/// The store is newer than its log, so nothing that is served is older for it; and where a power
/// cut may take lines that were signed, a refusal would strike the wrong people. Elsewhere
/// trusted_sums() has refused those.
Result<void> Vault::note_log(const core::Unsealed& vault) {
  COFFER_TRY(const auto mark, stored_row(core::restore_mark_key()));
  if (mark || vault.row_sums == nullptr) return {};
  COFFER_TRY(const envelope::StoreState state, vault.row_sums->state());
  COFFER_TRY(const auto logged, audit::last_store_line(config_.audit_directory));
  std::optional<std::string> doubt;
  if (config_.audit_durability == audit::Durability::crash) {
    COFFER_TRY(doubt, doubt_of_log(known_log(*vault.keyring), store_->node()));
  }
  if (!doubt) doubt = doubt_of_account(state.sequence, logged);
  if (!doubt) return {};
  log::warn(*doubt);
  const audit::Line lines[] = {trail_->system_line("log_put_back", *doubt)};
  return log_->append(lines, true);
}

/// Before the mark of the restore is gone: a crash in between would leave a store that is older
/// than its anchor, and was taken on already. And on record before that, whoever left the mark.
Result<void> Vault::anchor_restored(core::Unsealed& vault) {
  const audit::Line lines[] = {trail_->system_line(
      "restore_taken_on", "all tokens through " + commit_number(store_->sequence()) +
                              " are void, and what reaches outside waits")};
  COFFER_CHECK(log_->append(lines, true));
  return anchors_ == nullptr ? Result<void>() : anchors_->replace(vault);
}

/// What users were made in the time that is taken back, the databases alone know: whoever looks
/// there strikes one off this list, and health and doctor tell of the rest.
Result<void> Vault::want_searched(const core::Unsealed& vault, envelope::SealedTransaction& tx) {
  COFFER_TRY(auto connections, database_connections(vault, tx));
  std::vector<lifecycle::Unsearched> all;
  all.reserve(connections.size());
  for (DatabaseConnection& one : connections) all.push_back({one.mount, std::move(one.name)});
  return lifecycle::set_unsearched(tx, all);
}

Result<std::optional<Error>> Vault::doubt_of(pkcs11::Token& token,
                                             const envelope::Keyring& keyring) const {
  const auto sums = trusted_sums(token, keyring);
  if (!sums.ok()) {
    if (sums.error().code != ErrorCode::precondition) return sums.error();
    return std::optional(sums.error());
  }
  if (*sums == nullptr) return std::optional<Error>();
  const auto checked = (*sums)->check_all([] { return true; });
  if (checked.ok()) return std::optional<Error>();
  if (checked.error().code != ErrorCode::corrupt) return checked.error();
  return std::optional(checked.error());
}

/// What came after may have used them for as much as they are good for, or marked them as
/// compromised: the store of now can't know.
Result<void> Vault::renew_keys(core::Unsealed& opened, bool always_kek) {
  COFFER_TRY(const envelope::Renewed made,
             envelope::renew_keys(*opened.sealed_store, *opened.token, always_kek, clock_.wall()));
  if (made.kek == 0 && made.sign == 0) return {};
  std::string what;
  if (made.kek != 0) what = "kek " + std::to_string(made.kek);
  if (made.sign != 0) what += (what.empty() ? "sign " : ", sign ") + std::to_string(made.sign);
  const audit::Line lines[] = {
      trail_->system_line("keys_renewed", what + ": made now, above all versions on the token")};
  COFFER_CHECK(log_->append(lines, true));
  return follow_keys(opened);
}

Result<void> Vault::record_store(const core::Unsealed& vault) {
  COFFER_TRY(const envelope::StoreState state, vault.row_sums->state());
  const audit::Line lines[] = {audit::store_line(as_line(state), clock_.wall())};
  return log_->append(lines, true);
}

void Vault::watch_rows() {
  const MutexLock lock(mutex_);
  watching_rows_ = true;
  if (const auto open = state_.unsealed()) check_rows(open);
}

void Vault::check_rows(const std::shared_ptr<core::Unsealed>& vault) {
  if (!watching_rows_) return;
  const core::Unsealed* const watched = vault.get();
  const auto stays_open = [this, watched] { return state_.unsealed().get() == watched; };
  row_check_.begin(vault, stays_open, [this](const Error& error) { found_damage(error); });
}

/// A vault that serves what somebody put there would vouch for it.
void Vault::found_damage(const Error& error) {
  const auto open = state_.unsealed();
  seal_for("store_tampered", error);
  log::error("sealed: cofferd accept-restore takes the store on as it is");
  if (open == nullptr) return;
  const auto damaged = core::damaged_rows(*open->keyring, *store_);
  if (damaged.ok() && !damaged->empty()) log::error(core::describe(*damaged));
}

/// Which of the two is the vault, only people know.
void Vault::found_second_copy(const Error& error) {
  seal_for("second_copy", error);
  log::error(
      "sealed: stop the one that isn't to be the vault; if that is the other, stop this one too: "
      "cofferd accept-restore takes it on, and all tokens are void");
}

void Vault::seal_for(std::string_view event, const Error& error) {
  log::error(error);
  const audit::Line lines[] = {trail_->system_line(event, error.text)};
  if (const auto logged = log_->append(lines, true); !logged.ok()) log::error(logged.error());
  forget_pin();
  retire(state_.seal());
}

void Vault::start_anchoring() {
  if (anchors_ == nullptr) return;
  anchors_->start([this] { return state_.unsealed(); },
                  [this](const Error& error) { found_second_copy(error); });
}

std::optional<core::AnchorStatus> Vault::anchor() const {
  if (anchors_ == nullptr) return std::nullopt;
  return anchors_->status();
}

}  // namespace coffer::daemon
