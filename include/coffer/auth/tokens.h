// Tokens: made, found by their keyed hash, turned into a Caller; their tree, their end. The store
// never holds a token. docs/auth.md, docs/formats/auth.md.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/auth/identity.h"
#include "coffer/auth/token.h"
#include "coffer/envelope/sealed_store.h"
#include "coffer/lifecycle/due.h"

namespace coffer::auth {

class TokenCache;

/// Thread-safe: state lives in the store, but for a bounded cache of callers that holds no token
/// and is checked against the store at each use. `keyring` outlives it.
class Tokens final {
 public:
  /// Appends the keyed hash of a token as audit lines show it.
  using AuditHash = std::function<void(std::string& out, std::string_view token)>;
  static constexpr std::string_view kDueKind = "token";  ///< of their rows in lifecycle

  explicit Tokens(const envelope::Keyring& keyring, AuditHash audit_hash = {});
  ~Tokens();
  Tokens(const Tokens&) = delete;
  Tokens& operator=(const Tokens&) = delete;

  /// Tokens whose rows are no newer than this are dead, whatever the rows say: they came out of a
  /// backup. Call before anything is served.
  void void_through(store::RowVersion version) { void_through_ = version; }

  /// Stages a new token with the policy `root` that never expires; gives the token itself, which is
  /// nowhere else: 256 random bits behind "hvs.".
  [[nodiscard]] Result<SecureBytes> create_root(envelope::SealedTransaction& tx,
                                                WallTime now) const;

  struct Created {
    SecureBytes token;  ///< nowhere else
    Token about;
  };
  /// Stages the token, its place among its parent's children and its end in time. The rules of who
  /// may ask for what are the caller's. `precondition`: the parent is gone, or the tree is
  /// kMaxTokenDepth deep.
  [[nodiscard]] Result<Created> create(envelope::SealedTransaction& tx, const NewToken& wanted,
                                       WallTime now) const;

  /// Reads only, and cheap: one HMAC and a few store gets when the token was seen before. Unknown,
  /// malformed, absent, expired, revoked, with an ancestor that is revoked, expired or gone:
  /// permission_denied, always the same. Expiry holds whether or not the sweeper is behind.
  [[nodiscard]] Result<Identity> identify(envelope::SealedTransaction& tx, std::string_view bearer,
                                          WallTime now) const;

  /// Stages one use less; the last one revokes the token. Call it after the handler ran, whatever
  /// that did to the token. Does nothing for a caller without a counted token.
  [[nodiscard]] Result<void> spend(envelope::SealedTransaction& tx, const model::Caller& caller,
                                   WallTime now) const;

  /// nullopt for whatever identify() would refuse.
  [[nodiscard]] Result<std::optional<Token>> find(envelope::SealedTransaction& tx,
                                                  std::string_view token, WallTime now) const;
  [[nodiscard]] Result<std::optional<Token>> find_accessor(envelope::SealedTransaction& tx,
                                                           std::string_view accessor,
                                                           WallTime now) const;
  /// What is staged is committed only if this token lives then. permission_denied: it doesn't.
  /// invalid_argument: it is about to end with its last use.
  [[nodiscard]] Result<void> hold(envelope::SealedTransaction& tx, std::string_view accessor,
                                  WallTime now) const;
  /// Of all tokens that are alive, sorted.
  [[nodiscard]] Result<std::vector<std::string>> accessors(envelope::SealedTransaction& tx,
                                                           WallTime now) const;

  /// Stages a new expiry and gives the token as it will be. `increment` 0: as long as at first.
  /// `limit`: the longest life of a token of this mount. invalid_argument: not renewable, or past
  /// what it may ever reach. Never beyond its explicit max TTL; a period renews to the period.
  [[nodiscard]] Result<Token> renew(envelope::SealedTransaction& tx, const Token& token,
                                    std::chrono::seconds increment, std::chrono::seconds limit,
                                    WallTime now) const;
  /// Stages its end: from the commit on it and all below it are dead. The sweeper removes the rows.
  [[nodiscard]] Result<void> revoke(envelope::SealedTransaction& tx, const Token& token,
                                    WallTime now) const;
  /// Its end alone: its children live on as orphans.
  [[nodiscard]] Result<void> revoke_orphan(envelope::SealedTransaction& tx, const Token& token,
                                           WallTime now) const;

  /// Ends what a dead token owns, so many at most; true: nothing is left. Call before anything is
  /// served.
  using EndOwned = std::function<Result<bool>(envelope::SealedTransaction&, std::string_view,
                                              WallTime, std::size_t most)>;
  void own_leases(EndOwned end_owned) { end_owned_ = std::move(end_owned); }
  /// Adds what removes rows of dead tokens, in bounded steps. This outlives `handlers`.
  void register_handlers(lifecycle::Handlers& handlers) const;

 private:
  [[nodiscard]] Result<Identity> remember(envelope::SealedTransaction& tx,
                                          const crypto::Sha256& hash, const Token& token,
                                          std::string_view bearer, WallTime now) const;
  [[nodiscard]] Result<std::optional<Token>> alive(envelope::SealedTransaction& tx,
                                                   std::optional<Token> token, WallTime now) const;
  [[nodiscard]] Result<void> sweep(envelope::SealedTransaction& tx, const lifecycle::Due& due,
                                   WallTime now) const;

  [[nodiscard]] Result<void> end_child(envelope::SealedTransaction& tx, Token child,
                                       WallTime tidy_at, WallTime now) const;
  [[nodiscard]] Result<bool> end_owned(envelope::SealedTransaction& tx, const Token& token,
                                       WallTime now, std::size_t most) const;

  [[nodiscard]] bool is_void(const Token& token) const { return token.version <= void_through_; }

  const envelope::Keyring& keyring_;
  store::RowVersion void_through_ = 0;
  const AuditHash audit_hash_;
  EndOwned end_owned_;
  const std::unique_ptr<TokenCache> cache_;
};

}  // namespace coffer::auth
