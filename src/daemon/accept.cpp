// A store that isn't the one that the vault left, taken on as it is.
#include <algorithm>
#include <chrono>

#include "accept.h"
#include "coffer/base/failpoint.h"
#include "coffer/base/log.h"
#include "coffer/core/accepting.h"
#include "coffer/core/damage.h"
#include "coffer/core/drill.h"
#include "coffer/core/mend.h"
#include "coffer/core/restored.h"
#include "coffer/envelope/stored.h"
#include "files.h"
#include "store_doubts.h"
#include "vault.h"

namespace coffer::daemon {
namespace {

/// For so long secrets are opened by the token; of the rest is looked only that they are there. A
/// token that takes a millisecond opens some ten thousand.
constexpr std::chrono::seconds kOpening{30};
constexpr mode_t kPrivate = 0600;

using core::DamagedRow;

/// Before anything is committed: a vault that is open, or never opens, isn't to be told apart from
/// one that is half taken on.
Result<void> refuse_needed(const std::vector<DamagedRow>& damaged) {
  std::vector<DamagedRow> needed;
  std::copy_if(damaged.begin(), damaged.end(), std::back_inserter(needed),
               [](const DamagedRow& row) { return row.needed; });
  if (needed.empty()) return {};
  return make_error(ErrorCode::precondition,
                    "nothing was changed, for these rows say who may do what, or what keys were "
                    "used for: " +
                        core::describe(needed) + "; restore a backup from before");
}

/// As it stood in the store, sealed and damaged, a line each: key in hexadecimal, version, value in
/// base64.
Result<std::string> lines_of(store::Store& store, const std::vector<DamagedRow>& rows) {
  COFFER_TRY(const auto snapshot, store.snapshot());
  std::string lines;
  for (const DamagedRow& row : rows) {
    COFFER_TRY(const auto stored, snapshot->get(row.key));
    if (!stored) continue;
    lines += to_hex(as_bytes(row.key)) + " " + std::to_string(stored->version) + " " +
             to_base64(as_bytes(stored->value)) + "\n";
  }
  return lines;
}

/// A token or a disk may be well at the next run; what else is wrong is so then, and must not keep
/// the store from being taken on for ever.
Result<void> unless_lasting(Result<void> done, std::string_view trouble) {
  if (done.ok() || done.error().code == ErrorCode::unavailable ||
      done.error().code == ErrorCode::resource_exhausted) {
    return done;
  }
  log::warn(std::string(trouble) + ": " + describe(done.error()));
  return {};
}

Result<core::Lacking> lacking_of(core::Unsealed& vault) {
  COFFER_TRY(const auto tx, vault.sealed_store->begin());
  return core::read_lacking(*tx);
}

}  // namespace

std::string with_damage(std::string text, const std::string& damage) {
  if (damage.empty()) return text;
  const std::size_t hint = text.find(kHowToAccept);
  return text.insert(std::min(hint, text.size()), "; " + damage);
}

/// It is refused all the same where the rows can't be read.
Error Vault::name_damage(Error error, const envelope::Keyring& keyring) const {
  if (error.code != ErrorCode::precondition && error.code != ErrorCode::corrupt) return error;
  const auto damaged = core::damaged_rows(keyring, *store_);
  if (damaged.ok()) error.text = with_damage(std::move(error.text), core::describe(*damaged));
  return error;
}

Result<std::string> Vault::set_aside(const std::vector<DamagedRow>& rows) const {
  if (rows.empty()) return std::string();
  COFFER_TRY(const std::string lines, lines_of(*store_, rows));
  std::string path = config_.store_path + ".damaged-" + to_rfc3339(clock_.wall());
  COFFER_CHECK(write_file(path, as_bytes(lines), kPrivate));
  return path;
}

/// From here on it is a store that came out of a backup of now, and that is opened by nothing else
/// until all is done.
Result<void> Vault::mark_accepted() {
  COFFER_TRY(const auto before, stored_row(core::accepting_key()));
  const core::RestoreMark mark{
      .created = clock_.wall(), .restored = clock_.wall(), .sequence = store_->sequence()};
  store::Transaction marked;
  marked.writes.push_back({core::restore_mark_key(), core::encode_restore_mark(mark)});
  marked.writes.push_back(
      {core::accepting_key(), core::encode_accepting(before && core::rows_went(*before))});
  COFFER_CHECK(commit(*store_, std::move(marked)));
  COFFER_FAILPOINT("accept.marked");
  return {};
}

/// Left, they would be in the way for ever: of lists, of what is due, of whoever writes in their
/// place. Which they were is known to the store from the same commit on, whoever goes on.
Result<void> Vault::let_go(core::Unsealed& vault, const std::vector<DamagedRow>& damaged) {
  COFFER_TRY(const auto tx, vault.sealed_store->begin());
  COFFER_TRY(const auto accepting, stored_row(core::accepting_key()));
  core::Lacking lacking;
  if (accepting && core::rows_went(*accepting)) {
    COFFER_TRY(lacking, core::read_lacking(*tx));
  }
  for (const DamagedRow& row : damaged) lacking.add_row(row.what);
  COFFER_CHECK(core::set_lacking(*tx, lacking));
  store::Transaction staged = tx->take();
  staged.writes.push_back({core::accepting_key(), core::encode_accepting(true)});
  for (const DamagedRow& row : damaged) {
    staged.preconditions.push_back({row.key, row.version});
    staged.writes.push_back({row.key, std::nullopt});
  }
  COFFER_CHECK(commit(*store_, std::move(staged)));
  COFFER_FAILPOINT("accept.rows_went");
  return {};
}

/// What is wrong with the store, and with which of its rows.
Result<Vault::Doubted> Vault::doubts(pkcs11::Token& token, const FoundKeyring& found) const {
  Doubted doubted;
  COFFER_TRY(doubted.damaged, core::damaged_rows(*found.keyring, *store_));
  COFFER_TRY(auto doubt, doubt_of(token, *found.keyring));
  if (!doubt && found.of_before) doubt = refused_keyring(false);
  if (!doubt && !doubted.damaged.empty()) {
    doubt = make_error(ErrorCode::precondition, "the store is damaged");
  }
  COFFER_TRY(const auto accepting, stored_row(core::accepting_key()));
  if (accepting) doubt = cut_accept();
  if (!doubt) {
    return make_error(ErrorCode::precondition,
                      "the store is as the vault left it: there is nothing to accept");
  }
  doubt->text = with_damage(std::move(doubt->text), core::describe(doubted.damaged));
  doubted.error = *std::move(doubt);
  return doubted;
}

Result<Accepted> Vault::accept_restore() {
  const MutexLock lock(mutex_);
  if (state_.unsealed() != nullptr) {
    return make_error(ErrorCode::precondition, "the vault is open: nothing is to be accepted");
  }
  COFFER_TRY(const auto stored, stored_keyring());
  if (!stored) return make_error(ErrorCode::precondition, "Vault is not initialized");
  COFFER_TRY(auto token, open_token(nullptr));
  COFFER_TRY(FoundKeyring found, find_keyring(*token, *stored));
  COFFER_TRY(const Doubted doubted, doubts(*token, found));
  COFFER_CHECK(refuse_needed(doubted.damaged));
  Accepted accepted{.wrong = doubted.error.text.substr(0, doubted.error.text.find(kHowToAccept))};
  COFFER_TRY(accepted.aside, set_aside(doubted.damaged));
  const audit::Line lines[] = {trail_->system_line("restore_accepted", accepted.wrong)};
  COFFER_CHECK(log_->append(lines, true));
  COFFER_CHECK(mark_accepted());
  auto taken = take_on(std::move(token), std::move(found.keyring), doubted, accepted);
  if (taken.ok()) return accepted;
  Error error = std::move(taken).error();
  const auto accepting = stored_row(core::accepting_key());
  if (accepting.ok() && !*accepting) return error;
  error.text.append("; the store is half taken on: run accept-restore again");
  return error;
}

Result<void> Vault::take_on(std::unique_ptr<pkcs11::TokenKeeper> token,
                            std::unique_ptr<envelope::Keyring> keyring, const Doubted& doubted,
                            Accepted& accepted) {
  COFFER_CHECK(open_vault(std::move(token), std::move(keyring), &doubted));
  COFFER_TRY(accepted.lacking, lacking_of(*state_.unsealed()));
  COFFER_CHECK(unless_lasting(mend(accepted.lacking), "not all that is due can be found again"));
  COFFER_CHECK(
      unless_lasting(look_for_lacking(accepted), "what else the store lacks can't be told"));
  COFFER_CHECK(end_accepting(accepted));
  // A log that was cut is known from here on by what it is now.
  sign_once();
  return {};
}

Result<void> Vault::mend(const core::Lacking& lacking) {
  if (lacking.rows == 0) return {};
  const auto vault = state_.unsealed();
  COFFER_CHECK(core::mend(*vault, *store_, clock_.wall()));
  COFFER_CHECK(record_store(*vault));
  COFFER_FAILPOINT("accept.mended");
  return {};
}

Result<void> Vault::look_for_lacking(Accepted& accepted) {
  const auto vault = state_.unsealed();
  const auto until = clock_.boottime() + kOpening;
  COFFER_TRY(const auto tx, vault->sealed_store->begin());
  core::DrillWatch watch;
  watch.damaged = [&](const envelope::RowName& said_by, const engine::KnownSecret& secret,
                      store::RowVersion version) {
    const auto id = envelope::stored_secret_id(*tx, secret.row);
    accepted.lacking.add_secret({said_by, secret, version, id.ok() ? *id : Uuid{}});
  };
  watch.opens = [&] { return clock_.boottime() < until; };
  COFFER_TRY(const core::DrillReport report, core::open_everything(*vault, *store_, watch));
  accepted.unopened = report.unopened;
  accepted.unreachable = report.unreachable;
  return {};
}

/// Written down: whoever accepts sees it once, and health and doctor tell of it from then on.
Result<void> Vault::end_accepting(Accepted& accepted) {
  const auto vault = state_.unsealed();
  COFFER_TRY(const auto tx, vault->sealed_store->begin());
  COFFER_CHECK(core::set_lacking(*tx, accepted.lacking));
  store::Transaction staged = tx->take();
  staged.writes.push_back({core::accepting_key(), std::nullopt});
  COFFER_FAILPOINT("accept.looked");
  COFFER_CHECK(commit(*store_, std::move(staged)));
  COFFER_FAILPOINT("accept.ended");
  COFFER_CHECK(record_store(*vault));
  COFFER_TRY(const auto after, vault->sealed_store->begin());
  auto still = core::still_lacking(*vault->mounts, *after);
  if (!still.ok()) return unless_lasting(still.error(), "what the store lacks can't be told");
  accepted.still = *std::move(still);
  return {};
}

}  // namespace coffer::daemon
