// A whole vault in memory, from pipeline to token: fake token, memory store, fake log. What it
// stages is committed at once, as the Door would, unless the test does so itself.
#pragma once

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>

#include "coffer/core/backups.h"
#include "coffer/core/pipeline.h"
#include "coffer/core/rotation.h"
#include "coffer/core/settings.h"
#include "coffer/lifecycle/effective_time.h"
#include "coffer/sys/sys.h"
#include "fakes/fake_log.h"
#include "fakes/fake_token.h"
#include "src/daemon/compose.h"

namespace coffer::fakes {

/// A token that outlives the vault that has it: the room destroys its own at each seal.
class BorrowedToken final : public pkcs11::Token {
 public:
  explicit BorrowedToken(pkcs11::Token& lender) : lender_(lender) {}
  Result<pkcs11::TokenInfo> info() override { return lender_.info(); }
  Result<void> generate(pkcs11::KeyRole role, const pkcs11::KeyRef& key,
                        std::string_view label) override {
    return lender_.generate(role, key, label);
  }
  Result<void> verify(pkcs11::KeyRole role, const pkcs11::KeyRef& key) override {
    return lender_.verify(role, key);
  }
  Result<std::vector<pkcs11::KeyAttribute>> attributes(pkcs11::KeyRole role,
                                                       const pkcs11::KeyRef& key) override {
    return lender_.attributes(role, key);
  }
  Result<pkcs11::ListedKeys> list_keys() override { return lender_.list_keys(); }
  Result<void> destroy(pkcs11::KeyRole role, const pkcs11::KeyRef& key) override {
    return lender_.destroy(role, key);
  }
  Result<pkcs11::KekInfo> describe_kek(const pkcs11::KeyRef& kek) override {
    return lender_.describe_kek(kek);
  }
  Result<Bytes> wrap(const pkcs11::KeyRef& kek, const SecureBytes& data_key,
                     ByteView aad) override {
    return lender_.wrap(kek, data_key, aad);
  }
  Result<SecureBytes> unwrap(const pkcs11::KeyRef& kek, ByteView wrapped, ByteView aad) override {
    return lender_.unwrap(kek, wrapped, aad);
  }
  Result<Bytes> sign_digest(const pkcs11::KeyRef& key, const crypto::Sha256& digest) override {
    return lender_.sign_digest(key, digest);
  }
  Result<Bytes> public_key(const pkcs11::KeyRef& key) override { return lender_.public_key(key); }
  Result<SecureBytes> random(std::size_t size) override { return lender_.random(size); }
  Result<std::optional<Bytes>> read_data(std::string_view label) override {
    return lender_.read_data(label);
  }
  Result<void> write_data(std::string_view label, ByteView value) override {
    return lender_.write_data(label, value);
  }

 private:
  pkcs11::Token& lender_;
};

class TestVault final : private core::Control {
 public:
  explicit TestVault(envelope::CacheConfig cache = {},
                     std::unique_ptr<store::Store> stored_in = store::open_memory_store(Uuid{{9}}))
      : store(std::move(stored_in)), cache_(cache) {
    sealed_trail_ = std::make_unique<audit::Trail>(log, nullptr, system_clock());
    sys_ = sys::make_engine({*state, *this, system_clock()});
    pipeline = std::make_unique<core::Pipeline>(
        core::Pipeline::Parts{*state, *sealed_trail_, *sys_, sys::mount()});
    make();
    trail = std::make_unique<audit::Trail>(log, open().trail->hasher(), system_clock());
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
      const bool done = staged.writes.empty() || commit(std::move(staged.writes));
      if (!done) continue;
      if (staged.response.ok() && staged.then) staged.then();
      return std::move(staged.response);
    }
  }

  /// Stages alone.
  core::Staged stage(const std::string& bearer, model::Operation operation, const std::string& path,
                     const std::string& body = "") {
    auto fields = must(model::Fields::parse(body));
    model::Request request{.id = next_id(),
                           .time = system_clock().wall() + ahead,
                           .operation = operation,
                           .path = path,
                           .fields = std::move(fields)};
    core::Staged staged = pipeline->run(request, {peer, bearer});
    last_number.store(request.id.bytes.back());
    last_operation = request.operation;
    return staged;
  }

  /// A view of the store, for tests that call an engine by themselves.
  std::unique_ptr<envelope::SealedTransaction> begin() {
    return must(open().sealed_store->begin());
  }

  /// As it is now.
  std::shared_ptr<const core::MountTable> mounts() { return must(open().mounts->table(*begin())); }

  /// False: it lost a race.
  bool commit(store::Transaction transaction) {
    const store::Transaction all[] = {std::move(transaction)};
    return must(store->commit(all)).front() == store::CommitOutcome::committed;
  }

  /// Handles what is due until nothing is, as the sweeper would; gives how many rows it handled.
  std::size_t sweep(std::size_t at_most = SIZE_MAX) {
    resume_keys();
    std::size_t handled = 0;
    for (bool more = true; more;) {
      const WallTime now = system_clock().wall() + ahead;
      const auto found = must(lifecycle::due(*must(open().sealed_store->begin()), now, 64));
      more = found.more || !found.due.empty();
      for (const lifecycle::Due& due : found.due) {
        auto tx = must(open().sealed_store->begin());
        must(open().due_handlers.run(*tx, due, now));
        commit(tx->take());
        if (++handled == at_most) return handled;
      }
    }
    return handled;
  }

  /// Precondition: not sealed.
  core::Unsealed& open() { return *state->unsealed(); }

  FakeToken token;
  FakeLog log;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<core::State> state = std::make_unique<core::State>();
  std::unique_ptr<audit::Trail> trail;
  std::unique_ptr<core::Pipeline> pipeline;
  std::string root;
  bool pin_configured = false;
  model::Peer peer{.uid = 1000, .gid = 1000, .pid = 42, .groups = {}, .unit = {}};
  // Of the last request; several threads may write these at once, and then none should read them.
  std::atomic<model::Operation> last_operation = model::Operation::read;
  std::atomic<std::uint8_t> last_number{0};
  [[nodiscard]] Uuid last_id() const { return id_of(last_number); }
  std::chrono::seconds ahead{0};  ///< requests come as if so much later
  lifecycle::EffectiveTime effective_time{system_clock()};

  template <typename T>
  static T must(Result<T> result) {
    if (!result.ok()) throw std::runtime_error(describe(result.error()));
    return *std::move(result);
  }
  static void must(Result<void> result) {
    if (!result.ok()) throw std::runtime_error(describe(result.error()));
  }

 private:
  void resume_keys() {
    while (open().key_work.exchange(false)) {
      auto tx = must(open().sealed_store->begin());
      must(core::resume_key_work(open(), *tx, system_clock().wall() + ahead));
      auto staged = tx->take();
      if (!staged.empty() && !commit(std::move(staged))) open().key_work = true;
    }
  }
  static Uuid next_id() {
    static std::atomic<std::uint8_t> count{0};
    return id_of(++count);
  }
  static Uuid id_of(std::uint8_t number) {
    return Uuid{{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, number}};
  }

  void make() {
    auto opened = open_with(must(envelope::Keyring::create(token, kVault)));
    stored_ = must(opened->keyring->store());
    signer_ = to_bytes(opened->keyring->public_key());
    auto tx = must(opened->sealed_store->begin());
    must(core::mark_initialised(*tx));
    must(opened->mounts->create(*tx, {.path = "secret/",
                                      .type = "kv",
                                      .uuid = {{5}},
                                      .accessor = "kv_5",
                                      .description = {},
                                      .options = {{"version", "2"}}}));
    must(opened->mounts->create(*tx, {.path = "plain/",
                                      .type = "kv",
                                      .uuid = {{6}},
                                      .accessor = "kv_6",
                                      .description = {},
                                      .options = {{"version", "1"}}}));
    const SecureBytes bits = must(opened->tokens->create_root(*tx, system_clock().wall()));
    root = as_text(bits.expose(Reveal{"a test's root token"}));
    commit(tx->take());
    state->set_vault(kVault);
    state->unseal(std::move(opened));
  }

  std::shared_ptr<core::Unsealed> open_with(std::unique_ptr<envelope::Keyring> keyring) {
    auto opened = must(daemon::compose({*store, log, *state, *this, system_clock()}, cache_,
                                       std::make_unique<BorrowedToken>(token), std::move(keyring)));
    opened->on_new_keys = [this](core::Unsealed& vault) -> Result<void> {
      signer_ = to_bytes(vault.keyring->public_key());
      return {};
    };
    return opened;
  }

  // Control, for sys/: a vault that is made already, and a PIN that is "1234".
  Result<Initialised> initialise(const SecureBytes*, const std::optional<Uuid>&,
                                 const std::optional<envelope::Enrolment>&) override {
    return make_error(ErrorCode::precondition, "Vault is already initialized");
  }
  Result<void> unseal(const SecureBytes* pin) override {
    if (pin != nullptr && as_text(pin->expose(Reveal{"a test's PIN"})) != "1234") {
      return make_error(ErrorCode::permission_denied, "the PIN is wrong");
    }
    const auto row = must(must(store->snapshot())->get(envelope::keyring_row_key()));
    const auto told = must(must(store->snapshot())->get(envelope::announcements_row_key()));
    state->unseal(open_with(
        must(envelope::Keyring::open(token, row ? as_bytes(row->value) : ByteView(stored_), signer_,
                                     told ? as_bytes(told->value) : ByteView()))));
    return {};
  }
  bool has_pin() const override { return pin_configured; }
  std::string audit_directory() const override { return "/var/log/coffer"; }
  core::Backups& backups() override { return backups_; }
  lifecycle::EffectiveTime* time() override { return &effective_time; }

  static constexpr Uuid kVault{{1, 2, 3, 4}};
  core::Backups backups_{{*store, log, *state, system_clock()}, "/nonexistent/backups"};
  const envelope::CacheConfig cache_;
  Bytes stored_;
  Bytes signer_;
  std::unique_ptr<audit::Trail> sealed_trail_;
  std::unique_ptr<engine::Engine> sys_;
};

}  // namespace coffer::fakes
