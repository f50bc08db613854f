// A store that isn't the one that the vault left, taken on as it is.
#include <algorithm>
#include <chrono>

#include "accept.h"
#include "coffer/base/log.h"
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

/// From here on it is a store that came out of a backup of now: a crash leaves it so. What can't be
/// opened goes with that commit, or it would be in the way for ever: of lists, of what is due, of
/// whoever writes in its place.
Result<void> Vault::mark_accepted(const std::vector<DamagedRow>& damaged) {
  const core::RestoreMark mark{
      .created = clock_.wall(), .restored = clock_.wall(), .sequence = store_->sequence()};
  store::Transaction marked;
  marked.writes.push_back({core::restore_mark_key(), core::encode_restore_mark(mark)});
  for (const DamagedRow& row : damaged) {
    marked.preconditions.push_back({row.key, row.version});
    marked.writes.push_back({row.key, std::nullopt});
  }
  return commit(*store_, std::move(marked));
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
  COFFER_CHECK(mark_accepted(doubted.damaged));
  COFFER_CHECK(open_vault(std::move(token), std::move(found.keyring), doubted.error));
  for (const DamagedRow& row : doubted.damaged) accepted.lacking.add_row(row.what);
  if (const auto mended = mend(doubted.damaged); !mended.ok()) {
    log::warn("not all that is due can be found again: " + describe(mended.error()));
  }
  // It is taken on whatever comes of this.
  if (const auto looked = look_for_lacking(accepted); !looked.ok()) {
    log::warn("what else the store lacks can't be told: " + describe(looked.error()));
  }
  // A log that was cut is known from here on by what it is now.
  sign_once();
  return accepted;
}

Result<void> Vault::mend(const std::vector<DamagedRow>& damaged) {
  if (damaged.empty()) return {};
  const auto vault = state_.unsealed();
  COFFER_CHECK(core::mend(*vault, *store_, clock_.wall()));
  return record_store(*vault);
}

/// Written down: whoever accepts sees it once, and health and doctor tell of it from then on.
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
  const auto looked = core::open_everything(*vault, *store_, watch);
  COFFER_CHECK(core::set_lacking(*tx, accepted.lacking));
  COFFER_CHECK(commit(*store_, tx->take()));
  COFFER_CHECK(record_store(*vault));
  COFFER_TRY(const core::DrillReport report, looked);
  accepted.unopened = report.unopened;
  accepted.unreachable = report.unreachable;
  COFFER_TRY(const auto after, vault->sealed_store->begin());
  COFFER_TRY(accepted.still, core::still_lacking(*vault->mounts, *after));
  return {};
}

}  // namespace coffer::daemon
