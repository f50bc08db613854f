// Whether the store is the one that the vault left: asked before it is opened, and beside serving.
#include "coffer/base/log.h"
#include "coffer/core/restored.h"
#include "store_doubts.h"
#include "vault.h"

namespace coffer::daemon {

Result<std::shared_ptr<envelope::RowSums>> Vault::trusted_sums(
    const envelope::Keyring& keyring) const {
  COFFER_TRY(const auto logged, audit::last_store_line(config_.audit_directory));
  COFFER_TRY(const auto mark, stored_row(core::restore_mark_key()));
  return sums_of(keyring, *store_, logged, mark.has_value());
}

Result<std::optional<Error>> Vault::doubt_of(const envelope::Keyring& keyring) const {
  const auto sums = trusted_sums(keyring);
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

Result<std::string> Vault::accept_restore() {
  const MutexLock lock(mutex_);
  if (state_.unsealed() != nullptr) {
    return make_error(ErrorCode::precondition, "the vault is open: nothing is to be accepted");
  }
  COFFER_TRY(const auto stored, stored_keyring());
  if (!stored) return make_error(ErrorCode::precondition, "Vault is not initialized");
  COFFER_TRY(auto token, open_token(nullptr));
  COFFER_TRY(auto keyring, open_keyring(*token, *stored));
  COFFER_TRY(const auto doubt, doubt_of(*keyring));
  if (!doubt) {
    return make_error(ErrorCode::precondition,
                      "the store is as the vault left it: there is nothing to accept");
  }
  const std::size_t hint = doubt->text.find(kHowToAccept);
  std::string wrong = doubt->text.substr(0, hint);
  const audit::Line lines[] = {trail_->system_line("restore_accepted", wrong)};
  COFFER_CHECK(log_->append(lines, true));
  // From here on it is a store that came out of a backup of now: a crash leaves it so.
  const core::RestoreMark mark{
      .created = clock_.wall(), .restored = clock_.wall(), .sequence = store_->sequence()};
  store::Transaction marked;
  marked.writes.push_back({core::restore_mark_key(), core::encode_restore_mark(mark)});
  COFFER_CHECK(commit(*store_, std::move(marked)));
  COFFER_CHECK(open_vault(std::move(token), std::move(keyring), doubt));
  return wrong;
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
  log::error(error);
  const audit::Line lines[] = {trail_->system_line("store_tampered", error.text)};
  if (const auto logged = log_->append(lines, true); !logged.ok()) log::error(logged.error());
  forget_pin();
  retire(state_.seal());
  log::error("sealed: cofferd accept-restore takes the store on as it is");
}

}  // namespace coffer::daemon
