// An open vault: every room below the listener, put together in the order in which they depend on
// each other, and taken apart in the reverse.
#pragma once

#include <memory>
#include <string>

#include "coffer/core/mounts.h"
#include "coffer/core/pipeline.h"
#include "coffer/core/state.h"

namespace coffer::daemon {

struct VaultConfig {
  pkcs11::TokenConfig token;
  std::string store_path;
  std::string audit_directory;
  std::string signer_path;      ///< PEM of the pinned signer
  std::string root_token_path;  ///< where init leaves the root token
  audit::Durability audit_durability = audit::Durability::power;
  envelope::CacheConfig cache{};
};

struct Vault {
  std::unique_ptr<pkcs11::Token> token;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<envelope::Keyring> keyring;
  std::unique_ptr<envelope::SealedStore> sealed_store;
  std::unique_ptr<audit::Log> log;
  std::unique_ptr<audit::Trail> trail;
  std::unique_ptr<auth::Tokens> tokens;
  std::unique_ptr<core::State> state;
  std::unique_ptr<core::Mounts> mounts;
  std::unique_ptr<core::Pipeline> pipeline;
};

/// Opens the vault, or makes it if its store is empty. What a crash left half made is made again:
/// nothing was handed out before the last step.
[[nodiscard]] Result<std::unique_ptr<Vault>> open_vault(const VaultConfig& config,
                                                        const SecureBytes& pin, const Clock& clock);

}  // namespace coffer::daemon
