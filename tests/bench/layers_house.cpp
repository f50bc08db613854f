#include "layers_house.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "coffer/crypto/random.h"
#include "coffer/sys/sys.h"
#include "src/daemon/compose.h"

namespace coffer::bench {
namespace {

// Of a token that is thrown away.
constexpr std::string_view kPin = "12345678";

Result<std::string> find_softhsm() {
  for (const char* path :
       {"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
        "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so"}) {
    std::error_code error;
    if (std::filesystem::exists(path, error)) return std::string(path);
  }
  return make_error(ErrorCode::not_found, "SoftHSM isn't installed");
}

/// SoftHSM reads SOFTHSM2_CONF when it is loaded.
Result<void> point_softhsm_at(const std::string& directory) {
  const std::string tokens = directory + "/token";
  const std::string config = directory + "/softhsm2.conf";
  std::error_code error;
  std::filesystem::create_directory(tokens, error);
  if (error) return make_error(ErrorCode::unavailable, "can't make the token's directory");
  std::ofstream(config) << "directories.tokendir = " << tokens << "\nlog.level = ERROR\n";
  ::setenv("SOFTHSM2_CONF", config.c_str(), 1);
  return {};
}

Result<std::unique_ptr<pkcs11::Token>> make_token(const std::string& directory) {
  COFFER_CHECK(point_softhsm_at(directory));
  COFFER_TRY(const std::string module, find_softhsm());
  COFFER_TRY(const SecureBytes pin, SecureBytes::copy_of(as_bytes(kPin)));
  COFFER_TRY(const std::string serial, pkcs11::initialise_token(module, "bench", pin, pin));
  pkcs11::TokenConfig config;
  config.module_path = module;
  config.uri = "pkcs11:serial=" + serial;
  return pkcs11::open_token(config, pin);
}

}  // namespace

Result<std::unique_ptr<House>> House::build(const std::string& directory) {
  std::unique_ptr<House> house(new House());
  COFFER_CHECK(house->open_parts(directory));
  COFFER_CHECK(house->fill());
  COFFER_CHECK(house->mount());
  return house;
}

Result<void> House::open_parts(const std::string& directory) {
  COFFER_TRY(auto token, make_token(directory));
  COFFER_TRY(const Uuid vault, crypto::random_uuid());
  COFFER_TRY(auto keyring, envelope::Keyring::create(*token, vault));
  store::SqliteConfig sqlite;
  sqlite.path = directory + "/store.db";
  sqlite.durability = store::Durability::crash;
  COFFER_TRY(store, store::open_sqlite_store(sqlite, vault));
  COFFER_TRY(log, audit::open_log({directory + "/audit", vault, audit::Durability::crash},
                                  system_clock()));
  sealed_trail = std::make_unique<audit::Trail>(*log, nullptr, system_clock());
  envelope::CacheConfig cache;
  cache.max_age = std::chrono::hours(1);
  COFFER_TRY(open, daemon::compose({*store, *log, state, *this, system_clock()}, cache,
                                   std::move(token), std::move(keyring)));
  cache.max_age = {};
  COFFER_TRY(uncached, envelope::open_sealed_store(*open->keyring, *open->token, *store, cache,
                                                   system_clock()));
  state.set_vault(vault);
  state.unseal(open);
  return {};
}

Result<void> House::commit(envelope::SealedTransaction& tx) {
  const store::Transaction staged = tx.take();
  COFFER_TRY(const auto outcomes, store->commit({&staged, 1}));
  if (outcomes.front() == store::CommitOutcome::committed) return {};
  return make_error(ErrorCode::conflict, "a first commit lost a race");
}

Result<void> House::fill() {
  const std::string value(300, 'x');
  COFFER_TRY(auto tx, open->sealed_store->begin());
  COFFER_TRY(bearer, open->tokens->create_root(*tx, system_clock().wall()));
  COFFER_CHECK(tx->write(metadata_row, std::string(60, 'm'), envelope::Expect::absent()));
  COFFER_CHECK(tx->seal_secret(secret_row, secret, value));
  COFFER_CHECK(commit(*tx));

  store::Transaction plain;
  plain.writes.push_back({plain_key, std::string(500, 'x')});
  COFFER_TRY([[maybe_unused]] const auto outcomes, store->commit({&plain, 1}));

  COFFER_TRY(const SecureBytes data_key, crypto::random_secret(32));
  COFFER_TRY(wrapped,
             open->token->wrap(envelope::kek_ref(open->keyring->vault(), 1), data_key, aad));
  return {};
}

Result<void> House::mount() {
  COFFER_TRY(auto tx, open->sealed_store->begin());
  COFFER_TRY(const Uuid uuid, crypto::random_uuid());
  COFFER_CHECK(open->mounts->create(*tx, {.path = "secret/",
                                          .type = "kv",
                                          .uuid = uuid,
                                          .accessor = "kv_bench",
                                          .description = {},
                                          .options = {{"version", "2"}}}));
  COFFER_CHECK(commit(*tx));
  backups_ = std::make_unique<core::Backups>(
      core::Backups::Parts{*store, *log, state, system_clock()}, "/nonexistent");
  sys = coffer::sys::make_engine({state, *this, system_clock()});
  pipeline = std::make_unique<core::Pipeline>(
      core::Pipeline::Parts{state, *sealed_trail, *sys, coffer::sys::mount()});
  return {};
}

}  // namespace coffer::bench
