// A vault on a store that fails when it is told to, and a look at the index of fingerprints beside
// what it should hold: by opening each secret.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "coffer/core/leak_index.h"
#include "coffer/core/leak_job.h"
#include "fakes/failing_store.h"
#include "fakes/test_vault.h"
#include "src/core/leak_rows.h"
#include "src/core/leak_values.h"

namespace coffer::core {

/// A fingerprint and where it stands, as text. The three are equal when all is indexed.
struct IndexedPlaces {
  std::set<std::string> secrets;  ///< as they should be, by the secrets themselves
  std::set<std::string> rows;     ///< by the rows of fingerprints
  std::set<std::string> marks;    ///< by the marks of secrets

  /// Nothing is half there, and nothing of what isn't.
  [[nodiscard]] bool consistent() const {
    return rows == marks && std::includes(secrets.begin(), secrets.end(), rows.begin(), rows.end());
  }
  [[nodiscard]] bool complete() const { return consistent() && rows == secrets; }
};

class LeakWorld {
 public:
  using TestVault = fakes::TestVault;

  explicit LeakWorld(envelope::CacheConfig cache = {})
      : vault(cache, std::make_unique<fakes::FailingStore>(store::open_memory_store(Uuid{{9}}))),
        store(static_cast<fakes::FailingStore&>(*vault.store)) {
    vault.sweep();  // the job of a vault without secrets
  }

  /// One that no one guesses.
  static std::string value(int number) {
    return "Xk7-Qm2_Rt9.Vw4+Zb6:Jc3!" + std::to_string(number);
  }
  static std::string body(int number) { return R"({"data":{"k":")" + value(number) + R"("}})"; }

  /// A request and its commit, as the Door does; no fault throws.
  Result<void> ask(model::Operation operation, const std::string& path, const std::string& body) {
    Staged staged = vault.stage(vault.root, operation, path, body);
    if (!staged.response.ok()) return staged.response.error();
    return staged.writes.empty() ? Result<void>() : commit(std::move(staged.writes));
  }
  Result<void> commit(store::Transaction staged) {
    const store::Transaction all[] = {std::move(staged)};
    COFFER_TRY(const auto outcomes, store.commit(all));
    if (outcomes.front() == store::CommitOutcome::committed) return {};
    return make_error(ErrorCode::conflict, "lost a race");
  }

  /// As a vault was before there was an index; its job is due.
  void forget_index() {
    auto tx = vault.begin();
    each_row([&](const envelope::WalkedRow& row) {
      const envelope::Space& space = row.name.space;
      if (space.mount != Uuid{} || space.table < kFingerprintSpace.table) return;
      if (space.table <= kLeakWorkSpace.table) tx->erase(row.name, envelope::Expect::anything());
    });
    TestVault::must(commit(tx->take()));
    tx = vault.begin();
    TestVault::must(resume_leak_job(*tx, now));
    TestVault::must(commit(tx->take()));
  }

  /// What a step of the job stages; nullopt: none is due.
  Result<std::optional<store::Transaction>> stage_step() {
    COFFER_TRY(auto tx, vault.open().sealed_store->begin());
    COFFER_TRY(const auto found, lifecycle::due(*tx, now, 64));
    if (found.trouble) return *found.trouble;
    for (const lifecycle::Due& due : found.due) {
      if (due.kind != "leak_index") continue;
      COFFER_TRY(tx, vault.open().sealed_store->begin());
      COFFER_CHECK(vault.open().due_handlers.run(*tx, due, now));
      return std::optional(tx->take());
    }
    return std::optional<store::Transaction>();
  }
  /// False: none was due.
  Result<bool> step() {
    COFFER_TRY(auto staged, stage_step());
    if (!staged) return false;
    COFFER_CHECK(commit(*std::move(staged)));
    now += std::chrono::seconds(1);
    return true;
  }
  bool job_is_done() {
    const auto job = TestVault::must(leak_job(*vault.begin()));
    return job && job->done && job->unreadable == 0;
  }

  IndexedPlaces look() {
    IndexedPlaces places;
    each_row([&](const envelope::WalkedRow& row) {
      const envelope::Space& space = row.name.space;
      if (space.mount == Uuid{} && space.table == kFingerprintSpace.table) {
        places.rows.insert(row.name.parent + "|" + row.name.name);
      } else if (space.mount == Uuid{} && space.table == kMarkSpace.table) {
        add_mark(row, places.marks);
      } else {
        each_secret_in(row, [&](const auto& readable, const auto& secret) {
          add_secret(readable, secret, places.secrets);
        });
      }
    });
    return places;
  }

  /// Where it stands: of some secret that is read.
  envelope::RowName first_secret() {
    std::vector<envelope::RowName> found;
    each_row([&](const envelope::WalkedRow& row) {
      each_secret_in(row, [&](const auto&, const auto& secret) { found.push_back(secret.row); });
    });
    return found.at(0);
  }

  TestVault vault;
  fakes::FailingStore& store;
  WallTime now = system_clock().wall() + std::chrono::minutes(1);

 private:
  static std::string text_of(const envelope::RowName& row) { return row.parent + "|" + row.name; }

  template <typename Visit>
  void each_row(Visit visit) {
    const auto tx = vault.begin();
    envelope::RowWalk walk;
    while (!walk.done) {
      walk = TestVault::must(vault.open().sealed_store->walk_rows(*tx, walk.next, 1000));
      for (const envelope::WalkedRow& row : walk.rows) visit(row);
    }
  }
  /// Its parent starts with the uuid of the mount.
  static void add_mark(const envelope::WalkedRow& row, std::set<std::string>& marks) {
    const LeakMark mark = TestVault::must(decode_mark(row.value));
    const Uuid mount = TestVault::must(uuid_from(as_bytes(row.name.parent).first(16)));
    for (const LeakMark::Leaf& leaf : mark.leaves) {
      const LeakPlace place{mount, mark.path, mark.version, leaf.key};
      marks.insert(text_of(fingerprint_row(leaf.fingerprint, place)));
    }
  }
  template <typename Visit>
  void each_secret_in(const envelope::WalkedRow& row, Visit visit) {
    const auto table = vault.mounts();
    for (const MountTable::Entry& entry : table->all()) {
      if (entry.builtin || entry.mount.uuid != row.name.space.mount) continue;
      for (const auto& secret : TestVault::must(entry.engine->secrets_in(row.name, row.value))) {
        const engine::Readable* readable = engine::readable(*entry.engine);
        if (readable != nullptr) visit(*readable, secret);
      }
    }
  }
  void add_secret(const engine::Readable& readable, const engine::KnownSecret& secret,
                  std::set<std::string>& secrets) {
    const envelope::Keyring& keyring = *vault.open().keyring;
    const std::uint32_t version = keyring.current_version(envelope::KeyName::fingerprint);
    const ByteView key = TestVault::must(
        keyring.key(envelope::KeyName::fingerprint, version, Reveal{"a test's own index"}));
    const std::string opened =
        TestVault::must(vault.begin()->open_secret(secret.row, secret.context));
    each_text(readable, opened, [&](std::string_view pointer, std::string_view text) {
      const LeakPlace place{secret.context.mount, secret.context.path, secret.context.version,
                            std::string(pointer)};
      const auto made = TestVault::must(fingerprint_of(key, version, canonical_value(text)));
      secrets.insert(text_of(fingerprint_row(made, place)));
      return true;
    });
  }
};

}  // namespace coffer::core
