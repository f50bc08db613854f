// A whole vault without its daemon, for measuring one layer after another.
#pragma once

#include <memory>
#include <string>

#include "coffer/audit/trail.h"
#include "coffer/auth/tokens.h"
#include "coffer/core/mounts.h"
#include "coffer/core/pipeline.h"
#include "coffer/envelope/sealed_store.h"
#include "coffer/store/store.h"

namespace coffer::bench {

/// Decisions of small and large policies (layers_policy.cpp).
void register_policy();

/// A new vault in `directory` (empty, ours): SoftHSM token, SQLite store, log, a KV mount at
/// secret/ with one secret, a root token.
class House final {
 public:
  [[nodiscard]] static Result<std::unique_ptr<House>> build(const std::string& directory);

  std::unique_ptr<pkcs11::Token> token;
  std::unique_ptr<envelope::Keyring> keyring;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<envelope::SealedStore> cached;
  std::unique_ptr<envelope::SealedStore> uncached;
  std::unique_ptr<audit::Log> log;
  std::shared_ptr<const audit::Hasher> hasher;
  std::unique_ptr<audit::Trail> trail;
  std::unique_ptr<auth::Tokens> tokens;
  core::Mounts mounts;
  std::unique_ptr<core::Pipeline> pipeline;
  SecureBytes bearer;
  model::Peer peer{.uid = 1000, .gid = 1000, .pid = 1, .groups = {}, .unit = {}};

  // What the benchmarks look at.
  envelope::Space space{.mount = {}, .table = 900};
  envelope::RowName metadata_row{space, "app/", "metadata"};
  envelope::RowName secret_row{space, "app/", "secret"};
  envelope::SecretContext secret{.mount = {}, .path = "app/secret", .version = 1};
  Bytes wrapped;  ///< a data key, for token->unwrap() with `aad`
  Bytes aad = Bytes(40, 7);
  store::Key plain_key = "bench";

 private:
  House() = default;
  [[nodiscard]] Result<void> open_parts(const std::string& directory);
  [[nodiscard]] Result<void> fill();
  [[nodiscard]] Result<void> mount();
  [[nodiscard]] Result<void> commit(envelope::SealedTransaction& tx);
};

}  // namespace coffer::bench
