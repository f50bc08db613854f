// The first start of a vault: keys on the token, the signer pinned, the keyring stored, the first
// rows. Each step can be repeated: what a crash left half made is made again, for nothing was
// handed out before the last step.
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "coffer/base/log.h"
#include "coffer/core/accepting.h"
#include "coffer/core/restored.h"
#include "coffer/core/settings.h"
#include "coffer/crypto/random.h"
#include "coffer/envelope/taken_back.h"
#include "files.h"
#include "store_doubts.h"
#include "vault.h"

namespace coffer::daemon {
namespace {

constexpr mode_t kPublicFile = S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH;
constexpr mode_t kSecretFile = S_IRUSR | S_IWUSR;

Error already() { return make_error(ErrorCode::precondition, "Vault is already initialized"); }

bool holds(const std::vector<Bytes>& keys, const Bytes& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

Result<engine::Mount> secret_mount() {
  COFFER_TRY(const Uuid id, crypto::random_uuid());
  return engine::Mount{.path = "secret/",
                       .type = "kv",
                       .uuid = id,
                       .accessor = "kv_" + to_string(id).substr(0, 8),
                       .description = "key/value secret storage",
                       .options = {{"version", "2"}}};
}

}  // namespace

Result<core::Control::Initialised> Vault::initialise(
    const SecureBytes* pin, const std::optional<Uuid>& adopt,
    const std::optional<envelope::Enrolment>& recovery) {
  const MutexLock lock(mutex_);
  if (state_.unsealed() != nullptr) return already();
  end_last();
  COFFER_TRY(auto token, open_token(pin));
  COFFER_TRY(const pkcs11::TokenInfo info, token->info());
  COFFER_TRY(const auto stored, stored_keyring());
  Initialised done;
  done.token_serial = info.serial;
  std::unique_ptr<envelope::Keyring> keyring;
  if (stored) {
    COFFER_TRY(keyring, open_keyring(*token, *stored));
  } else {
    const auto wanted = recovery ? std::optional<Uuid>(recovery->vault) : std::nullopt;
    COFFER_TRY(keyring, create_keyring(*token, adopt, wanted, done.adopted));
  }
  made_now_ = !stored;
  done.vault = keyring->vault();
  COFFER_TRY(auto opened, open(std::move(token), std::move(keyring)));
  if (recovery) COFFER_CHECK(enrol_recovery(*opened, *recovery));
  COFFER_TRY(done.root_token, first_rows(*opened));
  replace_past_anchor(*opened);
  state_.set_vault(done.vault);
  state_.unseal(std::move(opened));
  return done;
}

/// What the token knows of keys that were adopted is of another store. From here on it is compared
/// with, as after a restart: somebody may have been at work with a copy while this one was sealed.
void Vault::replace_past_anchor(core::Unsealed& opened) {
  const bool past = std::exchange(made_now_, false) && anchors_ != nullptr && anchors_->known();
  if (!past) return;
  // The root token is made: no error may keep it back. The anchor is tried again by itself.
  if (const auto written = anchors_->replace(opened); !written.ok())
    log::warn(describe(written.error()));
}

Result<Vault::FoundKeyring> Vault::find_keyring(pkcs11::Token& token, std::string_view stored) {
  COFFER_TRY(const std::string pem, read_file(config_.signer_path));
  COFFER_TRY(const Bytes signer, crypto::spki_from_pem(pem));
  COFFER_TRY(const auto row, stored_row(envelope::announcements_row_key()));
  const std::string told = row.value_or(std::string());
  const auto open_by = [&](const Bytes& key) {
    return envelope::Keyring::open(token, as_bytes(stored), key, as_bytes(told));
  };
  auto opened = open_by(signer);
  if (opened.ok()) return FoundKeyring{*std::move(opened), false};
  if (opened.error().code != ErrorCode::corrupt) return opened.error();
  // A rotated key's announcement leads on, and never back: a store of before is known by the keys
  // that its token still has. Nothing that can write files can put one there.
  const auto vault = envelope::Keyring::vault_of(as_bytes(stored));
  if (!vault.ok()) return opened.error();
  COFFER_TRY(const std::vector<Bytes> keys, envelope::sign_keys_on(token, *vault));
  for (const Bytes& key : keys) {
    auto before = open_by(key);
    if (!before.ok()) continue;
    if (!holds(keys, signer) && !holds(envelope::sign_keys(**before), signer)) {
      return foreign_signer();
    }
    return FoundKeyring{*std::move(before), true};
  }
  return opened.error();
}

Result<std::unique_ptr<envelope::Keyring>> Vault::open_keyring(pkcs11::Token& token,
                                                               std::string_view stored) {
  COFFER_TRY(const auto accepting, stored_row(core::accepting_key()));
  if (accepting) return cut_accept();
  COFFER_TRY(FoundKeyring found, find_keyring(token, stored));
  if (!found.of_before) return std::move(found.keyring);
  COFFER_TRY(const auto mark, stored_row(core::restore_mark_key()));
  if (mark && takes_restored_) return std::move(found.keyring);
  return refused_keyring(mark.has_value());
}

Result<void> Vault::pin_signer(const envelope::Keyring& keyring) const {
  const std::string pem = crypto::pem_from_spki(keyring.public_key());
  const auto pinned = read_file(config_.signer_path);
  if (pinned.ok() && *pinned == pem) return {};
  return write_file(config_.signer_path, as_bytes(pem), kPublicFile);
}

/// The pin is written first: a keyring without it could never be opened.
Result<std::unique_ptr<envelope::Keyring>> Vault::create_keyring(pkcs11::Token& token,
                                                                 const std::optional<Uuid>& adopt,
                                                                 const std::optional<Uuid>& wanted,
                                                                 bool& adopted) {
  COFFER_TRY(const Uuid random, crypto::random_uuid());
  const Uuid fresh = wanted.value_or(random);
  adopted = adopt.has_value();
  COFFER_TRY(auto keyring, adopt ? envelope::Keyring::adopt(token, *adopt, clock_.wall())
                                 : envelope::Keyring::create(token, fresh, clock_.wall()));
  COFFER_CHECK(pin_signer(*keyring));
  COFFER_TRY(const Bytes stored, keyring->store());
  store::Transaction transaction;
  transaction.preconditions.push_back({envelope::keyring_row_key(), 0});
  transaction.writes.push_back({envelope::keyring_row_key(), std::string(as_text(stored))});
  COFFER_CHECK(commit(*store_, std::move(transaction)));
  log::info("made a new vault " + to_string(keyring->vault()));
  return keyring;
}

/// A start that was cut short may have done it.
Result<void> Vault::enrol_recovery(core::Unsealed& opened, const envelope::Enrolment& recovery) {
  for (const envelope::EnrolledToken& token : opened.keyring->tokens()) {
    if (token.sign_public_key == recovery.sign_public_key) return {};
  }
  const auto enrolled = opened.sealed_store->key_changes().enrol(recovery, clock_.wall());
  return enrolled.ok() ? Result<void>() : Result<void>(enrolled.error());
}

/// The root token and, if wanted, the first mount. Where the token goes to a file, that is on disk
/// before the store knows the token: the other way round a crash would leave a vault that no one
/// can enter.
Result<SecureBytes> Vault::first_rows(core::Unsealed& vault) {
  COFFER_TRY(const auto tx, vault.sealed_store->begin());
  COFFER_TRY(const bool whole, core::is_initialised(*tx));
  if (whole) return already();
  COFFER_TRY(const auto mounts, vault.mounts->table(*tx));
  // A vault of before the mark `initialised` has it: a second one would hide what is in the first.
  if (config_.mount_secret && mounts->at("secret/") == nullptr) {
    COFFER_TRY(const engine::Mount mount, secret_mount());
    COFFER_CHECK(vault.mounts->create(*tx, mount));
  }
  COFFER_CHECK(core::mark_initialised(*tx));
  COFFER_CHECK(core::note_version(*tx, clock_.wall()));
  COFFER_TRY(SecureBytes token, vault.tokens->create_root(*tx, clock_.wall()));
  if (!config_.root_token_path.empty()) {
    COFFER_CHECK(write_file(config_.root_token_path,
                            token.expose(Reveal{"hand the root token to its owner, once"}),
                            kSecretFile));
  }
  const audit::Line lines[] = {trail_->system_line("initialise", "first rows, root token")};
  COFFER_CHECK(log_->append(lines, true));
  COFFER_CHECK(commit(*store_, tx->take()));
  return token;
}

}  // namespace coffer::daemon
