// A whole vault in memory, from pipeline to token: fake token, memory store, fake log. What it
// stages is committed at once, as the Door would, unless the test does so itself.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "coffer/core/pipeline.h"
#include "coffer/core/state.h"
#include "coffer/engines/kv/kv.h"
#include "coffer/sys/sys.h"
#include "fakes/fake_log.h"
#include "fakes/fake_token.h"

namespace coffer::fakes {

class TestVault {
 public:
  explicit TestVault(envelope::CacheConfig cache = {}) {
    const Uuid id{{1, 2, 3, 4}};
    keyring_ = must(envelope::Keyring::create(token, id));
    sealed_ = must(envelope::open_sealed_store(*keyring_, token, *store, cache, system_clock()));
    state = std::make_unique<core::State>(id);
    tokens_ = std::make_unique<auth::Tokens>(*keyring_);
    hasher_ = std::make_shared<audit::Hasher>(must(SecureBytes::copy_of(Bytes(32, 7))), 1);
    trail = std::make_unique<audit::Trail>(log, hasher_, system_clock());
    make_mounts();
    pipeline = std::make_unique<core::Pipeline>(
        core::Pipeline::Parts{*sealed_, *tokens_, mounts, *trail, hasher_});
  }

  /// Runs one request as root and commits what it staged; a lost race runs again.
  Result<model::Response> call(model::Operation operation, const std::string& path,
                               const std::string& body = "") {
    return call_as(root, operation, path, body);
  }

  Result<model::Response> call_as(const std::string& bearer, model::Operation operation,
                                  const std::string& path, const std::string& body = "") {
    for (;;) {
      core::Staged staged = stage(bearer, operation, path, body);
      if (staged.writes.empty()) return std::move(staged.response);
      const store::Transaction all[] = {std::move(staged.writes)};
      if (must(store->commit(all)).front() == store::CommitOutcome::committed) {
        return std::move(staged.response);
      }
    }
  }

  /// Stages alone.
  core::Staged stage(const std::string& bearer, model::Operation operation, const std::string& path,
                     const std::string& body = "") {
    auto fields = must(model::Fields::parse(body));
    model::Request request{.id = {},
                           .time = system_clock().wall() + ahead,
                           .operation = operation,
                           .path = path,
                           .fields = std::move(fields)};
    core::Staged staged = pipeline->run(request, {peer, bearer});
    last_operation = request.operation;
    return staged;
  }

  /// A view of the store, for tests that call an engine by themselves.
  std::unique_ptr<envelope::SealedTransaction> begin() { return must(sealed_->begin()); }

  FakeToken token;
  FakeLog log;
  std::unique_ptr<store::Store> store = store::open_memory_store(Uuid{{9}});
  std::unique_ptr<core::State> state;
  std::unique_ptr<audit::Trail> trail;
  core::Mounts mounts;
  std::unique_ptr<core::Pipeline> pipeline;
  std::string root;
  model::Peer peer{.uid = 1000, .gid = 1000, .pid = 42, .groups = {}, .unit = {}};
  model::Operation last_operation = model::Operation::read;
  std::chrono::seconds ahead{0};  ///< how far requests stand in the future

  template <typename T>
  static T must(Result<T> result) {
    if (!result.ok()) throw std::runtime_error(describe(result.error()));
    return *std::move(result);
  }
  static void must(Result<void> result) {
    if (!result.ok()) throw std::runtime_error(describe(result.error()));
  }

 private:
  void make_mounts() {
    auto tx = must(sealed_->begin());
    must(core::Mounts::create(*tx, {.path = "secret/",
                                    .type = "kv",
                                    .uuid = {{5}},
                                    .accessor = "kv_5",
                                    .description = {},
                                    .options = {{"version", "2"}}}));
    must(core::Mounts::create(*tx, {.path = "plain/",
                                    .type = "kv",
                                    .uuid = {{6}},
                                    .accessor = "kv_6",
                                    .description = {},
                                    .options = {{"version", "1"}}}));
    const SecureBytes bits = must(tokens_->create_root(*tx, system_clock().wall()));
    root = as_text(bits.expose(Reveal{"a test's root token"}));
    const store::Transaction all[] = {tx->take()};
    must(store->commit(all));
    mounts.serve("kv", engines::kv::make_engine());
    mounts.add_builtin(sys::mount(), sys::make_engine(*state, mounts));
    must(mounts.load(*must(sealed_->begin())));
  }

  std::unique_ptr<envelope::Keyring> keyring_;
  std::unique_ptr<envelope::SealedStore> sealed_;
  std::unique_ptr<auth::Tokens> tokens_;
  std::shared_ptr<const audit::Hasher> hasher_;
};

}  // namespace coffer::fakes
