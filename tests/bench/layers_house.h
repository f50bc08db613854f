// A whole vault without its daemon, for measuring one layer after another.
#pragma once

#include <memory>
#include <string>

#include "coffer/core/backups.h"
#include "coffer/core/pipeline.h"
#include "coffer/envelope/sealed_store.h"
#include "coffer/store/store.h"

namespace coffer::bench {

/// Decisions of small and large policies (layers_policy.cpp).
void register_policy();

/// A new vault in `directory` (empty, ours): SoftHSM token, SQLite store, log, a KV mount at
/// secret/ with one secret, a root token.
class House final : private core::Control {
 public:
  [[nodiscard]] static Result<std::unique_ptr<House>> build(const std::string& directory);

  std::unique_ptr<store::Store> store;
  std::unique_ptr<audit::Log> log;
  std::unique_ptr<audit::Trail> sealed_trail;
  core::State state;
  std::shared_ptr<core::Unsealed> open;  ///< with a cache of data keys
  std::unique_ptr<envelope::SealedStore> uncached;
  std::unique_ptr<engine::Engine> sys;
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
  // Nothing is initialised, sealed or unsealed here.
  Result<Initialised> initialise(const SecureBytes*, const std::optional<Uuid>&,
                                 const std::optional<envelope::Enrolment>&) override {
    return make_error(ErrorCode::unsupported, "not in a benchmark");
  }
  Result<void> unseal(const SecureBytes*) override {
    return make_error(ErrorCode::unsupported, "not in a benchmark");
  }
  bool has_pin() const override { return false; }
  std::string audit_directory() const override { return {}; }
  core::Backups& backups() override { return *backups_; }

  std::unique_ptr<core::Backups> backups_;

  House() = default;
  [[nodiscard]] Result<void> open_parts(const std::string& directory);
  [[nodiscard]] Result<void> fill();
  [[nodiscard]] Result<void> mount();
  [[nodiscard]] Result<void> commit(envelope::SealedTransaction& tx);
};

}  // namespace coffer::bench
