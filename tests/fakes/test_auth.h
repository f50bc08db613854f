// Tokens, roles and an engine over a store, in memory as a rule, without pipeline and policies:
// whoever calls may do everything. Time stands still until a test moves it.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>

#include "coffer/auth/tokens.h"
#include "coffer/auth/unix_roles.h"
#include "coffer/envelope/sealed_store.h"
#include "coffer/lifecycle/due.h"
#include "fakes/fake_token.h"

namespace coffer::fakes {

template <typename T>
T must(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(describe(result.error()));
  return *std::move(result);
}
inline void must(Result<void> result) {
  if (!result.ok()) throw std::runtime_error(describe(result.error()));
}

class TestAuth {
 public:
  explicit TestAuth(std::unique_ptr<store::Store> stored_in = store::open_memory_store(Uuid{{9}}))
      : store(std::move(stored_in)) {
    keyring = must(envelope::Keyring::create(token_, Uuid{{1}}));
    sealed = must(envelope::open_sealed_store(*keyring, token_, *store, {}, system_clock()));
    tokens = std::make_unique<auth::Tokens>(*keyring);
    roles = std::make_unique<auth::UnixRoles>(*keyring);
    tokens->register_handlers(handlers);
  }

  [[nodiscard]] std::unique_ptr<envelope::SealedTransaction> begin() const {
    return must(sealed->begin());
  }
  [[nodiscard]] bool commit(envelope::SealedTransaction& tx) const {
    const store::Transaction all[] = {tx.take()};
    return must(store->commit(all)).front() == store::CommitOutcome::committed;
  }
  /// Runs `work` in a transaction and commits it.
  template <typename Work>
  auto commit(Work work) const {
    auto tx = begin();
    if constexpr (std::is_same_v<decltype(work(*tx)), Result<void>>) {
      must(work(*tx));
      if (!commit(*tx)) throw std::runtime_error("lost a race against nobody");
    } else {
      auto out = must(work(*tx));
      if (!commit(*tx)) throw std::runtime_error("lost a race against nobody");
      return out;
    }
  }

  /// What core's sweeper does, until nothing is due; gives the number of rows.
  int sweep(std::size_t limit = 100) const {
    int handled = 0;
    for (bool more = true; more;) {
      const auto found = must(lifecycle::due(*begin(), now, limit));
      more = found.more || !found.due.empty();
      for (const lifecycle::Due& due : found.due) {
        commit([&](auto& tx) { return handlers.run(tx, due, now); });
        ++handled;
      }
    }
    auto tx = begin();
    must(lifecycle::advance(*tx, now));
    (void)commit(*tx);
    return handled;
  }

  [[nodiscard]] std::size_t rows() const {
    std::size_t count = 0;
    auto snapshot = must(store->snapshot());
    must(snapshot->scan("", [&](const store::Key&, const store::Row&) {
      ++count;
      return true;
    }));
    return count;
  }

  std::unique_ptr<store::Store> store;
  std::unique_ptr<envelope::Keyring> keyring;
  std::unique_ptr<envelope::SealedStore> sealed;
  std::unique_ptr<auth::Tokens> tokens;
  std::unique_ptr<auth::UnixRoles> roles;
  lifecycle::Handlers handlers;
  WallTime now{std::chrono::hours(24 * 365 * 50)};

 private:
  FakeToken token_;
};

}  // namespace coffer::fakes
