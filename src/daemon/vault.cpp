#include "vault.h"

#include <sys/stat.h>

#include "coffer/base/log.h"
#include "coffer/crypto/random.h"
#include "coffer/engines/kv/kv.h"
#include "coffer/sys/sys.h"
#include "files.h"

namespace coffer::daemon {
namespace {

constexpr mode_t kPublicFile = S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH;
constexpr mode_t kSecretFile = S_IRUSR | S_IWUSR;

Result<void> commit(store::Store& store, store::Transaction transaction) {
  const store::Transaction all[] = {std::move(transaction)};
  COFFER_TRY(const auto outcomes, store.commit(all));
  if (outcomes.front() == store::CommitOutcome::committed) return {};
  return make_error(ErrorCode::conflict, "someone else is making this vault at the same time");
}

/// First start: keys on the token, the signer pinned, the keyring stored. The pin is written first:
/// a keyring without it could never be opened.
Result<std::unique_ptr<envelope::Keyring>> create_keyring(const VaultConfig& config, Vault& vault) {
  COFFER_TRY(const Uuid id, crypto::random_uuid());
  COFFER_TRY(auto keyring, envelope::Keyring::create(*vault.token, id));
  const std::string pem = crypto::pem_from_spki(keyring->public_key());
  COFFER_CHECK(write_file(config.signer_path, as_bytes(pem), kPublicFile));
  COFFER_TRY(const Bytes stored, keyring->store());
  store::Transaction transaction;
  transaction.preconditions.push_back({envelope::keyring_row_key(), 0});
  transaction.writes.push_back({envelope::keyring_row_key(), std::string(as_text(stored))});
  COFFER_CHECK(commit(*vault.store, std::move(transaction)));
  log::info("made a new vault " + to_string(id));
  return keyring;
}

Result<std::unique_ptr<envelope::Keyring>> open_keyring(const VaultConfig& config, Vault& vault) {
  COFFER_TRY(const auto snapshot, vault.store->snapshot());
  COFFER_TRY(const auto row, snapshot->get(envelope::keyring_row_key()));
  if (!row) return create_keyring(config, vault);
  COFFER_TRY(const std::string pem, read_file(config.signer_path));
  COFFER_TRY(const Bytes signer, crypto::spki_from_pem(pem));
  return envelope::Keyring::open(*vault.token, as_bytes(row->value), signer);
}

Result<std::shared_ptr<const audit::Hasher>> make_hasher(const envelope::Keyring& keyring) {
  const std::uint32_t version = keyring.current_version(envelope::KeyName::audit);
  COFFER_TRY(const ByteView key,
             keyring.key(envelope::KeyName::audit, version, Reveal{"hash values in audit lines"}));
  COFFER_TRY(SecureBytes copy, SecureBytes::copy_of(key));
  return std::shared_ptr<const audit::Hasher>(
      std::make_shared<audit::Hasher>(std::move(copy), version));
}

Result<engine::Mount> first_mount() {
  COFFER_TRY(const Uuid id, crypto::random_uuid());
  return engine::Mount{.path = "secret/",
                       .type = "kv",
                       .uuid = id,
                       .accessor = "kv_" + to_string(id).substr(0, 8),
                       .description = "key/value secret storage",
                       .options = {{"version", "2"}}};
}

/// The first mount and the root token. The token's file is on disk before the store knows the
/// token: the other way round a crash would leave a vault that no one can enter.
Result<void> initialise(const VaultConfig& config, Vault& vault, const Clock& clock) {
  COFFER_TRY(const auto tx, vault.sealed_store->begin());
  COFFER_TRY(const engine::Mount mount, first_mount());
  COFFER_CHECK(core::Mounts::create(*tx, mount));
  COFFER_TRY(const SecureBytes token, vault.tokens->create_root(*tx, clock.wall()));
  COFFER_CHECK(write_file(config.root_token_path,
                          token.expose(Reveal{"hand the root token to its owner, once"}),
                          kSecretFile));
  const audit::Line lines[] = {vault.trail->system_line("initialise", "first mount, root token")};
  COFFER_CHECK(vault.log->append(lines, true));
  return commit(*vault.store, tx->take());
}

Result<void> load_mounts(const VaultConfig& config, Vault& vault, const Clock& clock) {
  vault.mounts->serve("kv", engines::kv::make_engine());
  vault.mounts->add_builtin(sys::mount(), sys::make_engine(*vault.state, *vault.mounts));
  const std::size_t builtin = vault.mounts->all().size();
  for (int attempt = 0; attempt < 2; ++attempt) {
    COFFER_TRY(const auto tx, vault.sealed_store->begin());
    COFFER_CHECK(vault.mounts->load(*tx));
    if (vault.mounts->all().size() > builtin) return {};
    COFFER_CHECK(initialise(config, vault, clock));
  }
  return make_error(ErrorCode::internal, "the first mount was made but isn't there");
}

}  // namespace

Result<std::unique_ptr<Vault>> open_vault(const VaultConfig& config, const SecureBytes& pin,
                                          const Clock& clock) {
  auto vault = std::make_unique<Vault>();
  COFFER_TRY(const Uuid new_node, crypto::random_uuid());
  COFFER_TRY(vault->store, store::open_sqlite_store({.path = config.store_path}, new_node));
  COFFER_TRY(vault->token, pkcs11::open_token(config.token, pin));
  COFFER_TRY(vault->keyring, open_keyring(config, *vault));
  COFFER_TRY(const auto hasher, make_hasher(*vault->keyring));
  COFFER_TRY(vault->log, audit::open_log({.directory = config.audit_directory,
                                          .node = vault->store->node(),
                                          .durability = config.audit_durability},
                                         clock));
  vault->trail = std::make_unique<audit::Trail>(*vault->log, hasher, clock);
  COFFER_TRY(vault->sealed_store, envelope::open_sealed_store(*vault->keyring, *vault->token,
                                                              *vault->store, config.cache, clock));
  vault->tokens = std::make_unique<auth::Tokens>(*vault->keyring);
  vault->state = std::make_unique<core::State>(vault->keyring->vault());
  vault->mounts = std::make_unique<core::Mounts>();
  COFFER_CHECK(load_mounts(config, *vault, clock));
  vault->pipeline = std::make_unique<core::Pipeline>(core::Pipeline::Parts{
      *vault->sealed_store, *vault->tokens, *vault->mounts, *vault->trail, hasher});
  return vault;
}

}  // namespace coffer::daemon
