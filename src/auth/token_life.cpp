// How tokens go on and how they end.
#include <algorithm>

#include "coffer/auth/tokens.h"
#include "lineage.h"
#include "token_row.h"

namespace coffer::auth {
namespace {

/// Children that one step of the sweeper looks at: a transaction of some 800 rows.
constexpr std::size_t kStep = 256;
/// Leases that one step ends: of the dead one itself, and of each of its children, who see to the
/// rest themselves.
constexpr std::size_t kLeases = 64;
constexpr std::size_t kLeasesOfChild = 4;
/// Of so large a family the rows of those who leave nothing behind are tidied up later, and no
/// faster than this: it is nobody's hurry, and what is at once would hold up leases that are due.
constexpr std::chrono::minutes kTidyAfter{1};
constexpr std::chrono::milliseconds kTidyEach{10};

/// It goes on as an orphan.
Result<void> detach(envelope::SealedTransaction& tx, Token child) {
  child.parent.clear();
  child.depth = 0;
  return write_token(tx, child);
}

}  // namespace

Result<void> Tokens::spend(envelope::SealedTransaction& tx, const model::Caller& caller,
                           WallTime now) const {
  if (caller.token_type != "service") return {};
  COFFER_TRY(std::optional<Token> token, read_token(tx, keyring_, caller.accessor));
  if (!token || token->state != TokenState::alive || token->terms.num_uses <= 0) return {};
  if (--token->terms.num_uses == 0) return revoke(tx, *token, now);
  return write_token(tx, *token);
}

Result<Token> Tokens::renew(envelope::SealedTransaction& tx, const Token& token,
                            std::chrono::seconds increment, std::chrono::seconds limit,
                            WallTime now) const {
  const TokenTerms& terms = token.terms;
  if (!terms.renewable || token.never_expires()) {
    return make_error(ErrorCode::invalid_argument, "lease is not renewable");
  }
  std::chrono::seconds wanted = increment.count() > 0 ? increment : terms.ttl;
  if (terms.period.count() > 0) wanted = terms.period;
  Token renewed = token;
  renewed.expires = now + std::min(wanted, limit);
  // A period may go on for ever; all others end with the mount's limit.
  if (terms.period.count() == 0) renewed.expires = std::min(renewed.expires, token.created + limit);
  if (terms.explicit_max_ttl.count() > 0) {
    renewed.expires = std::min(renewed.expires, token.created + terms.explicit_max_ttl);
  }
  if (renewed.expires <= now) {
    return make_error(ErrorCode::invalid_argument, "past the max TTL, cannot renew");
  }
  renewed.issued = now;
  COFFER_CHECK(write_token(tx, renewed));
  // Later than it was: the row that stands there finds out and moves on by itself.
  if (renewed.expires < token.expires) {
    COFFER_CHECK(lifecycle::schedule(tx, kDueKind, renewed.accessor, renewed.expires, now));
  }
  return renewed;
}

Result<void> Tokens::revoke(envelope::SealedTransaction& tx, const Token& token,
                            WallTime now) const {
  Token dead = token;
  dead.state = TokenState::revoked;
  COFFER_CHECK(write_token(tx, dead));
  return lifecycle::schedule(tx, kDueKind, dead.accessor, now, now);
}

Result<void> Tokens::revoke_orphan(envelope::SealedTransaction& tx, const Token& token,
                                   WallTime now) const {
  Token dead = token;
  dead.state = TokenState::detached;
  COFFER_CHECK(write_token(tx, dead));
  return lifecycle::schedule(tx, kDueKind, dead.accessor, now, now);
}

void Tokens::register_handlers(lifecycle::Handlers& handlers) const {
  handlers.add(std::string(kDueKind),
               [this](envelope::SealedTransaction& tx, const lifecycle::Due& due, WallTime now) {
                 return sweep(tx, due, now);
               });
}

/// What it owns outside first, then its children, some at a time; the row itself goes last, so that
/// whatever is left of the tree finds its way up to something dead.
Result<void> Tokens::sweep(envelope::SealedTransaction& tx, const lifecycle::Due& due,
                           WallTime now) const {
  COFFER_TRY(const std::optional<Token> token, read_token(tx, keyring_, due.id));
  if (!token) return {};
  if (token->state == TokenState::alive && !token->expired(now)) {
    if (token->never_expires()) return {};
    return lifecycle::schedule(tx, kDueKind, token->accessor, token->expires, now);
  }
  // A detached one takes its own leases along too: they are not its children's.
  COFFER_TRY(const bool disowned, end_owned(tx, *token, now, kLeases));
  if (!disowned) return lifecycle::schedule(tx, kDueKind, token->accessor, now, now);
  const std::string family = child_parent(token->accessor);
  COFFER_TRY(const auto children, tx.list_some(child_space(), family, kStep));
  WallTime tidy_at = now;
  if (children.size() == kStep) {
    COFFER_TRY(const std::size_t all, tx.count(child_space(), family));
    tidy_at += kTidyAfter + kTidyEach * all;
  }
  for (const envelope::ListedRow& row : children) {
    tx.erase(child_row(token->accessor, row.name), envelope::Expect::anything());
    COFFER_TRY(const std::optional<Token> child, read_token(tx, keyring_, row.name));
    if (!child || child->parent != token->accessor) continue;
    // Written anew, a void child would be newer than what made it void.
    if (token->state == TokenState::detached && !is_void(*child)) {
      COFFER_CHECK(detach(tx, *child));
    } else if (child->state == TokenState::alive) {  // else its own end is under way
      COFFER_CHECK(end_child(tx, *child, tidy_at, now));
    }
  }
  if (children.size() == kStep) {
    return lifecycle::schedule(tx, kDueKind, token->accessor, now, now);
  }
  tx.erase(token_row(token->accessor, token->key_version),
           envelope::Expect::unchanged(token->version));
  if (!token->parent.empty()) {
    tx.erase(child_row(token->parent, token->accessor), envelope::Expect::anything());
  }
  return {};
}

/// A child of one that is dead: its leases end at once, however many brothers it has. Its row goes
/// at `tidy_at`, unless it leaves leases or children of its own.
Result<void> Tokens::end_child(envelope::SealedTransaction& tx, Token child, WallTime tidy_at,
                               WallTime now) const {
  child.state = TokenState::revoked;
  COFFER_CHECK(write_token(tx, child));
  COFFER_TRY(const bool disowned, end_owned(tx, child, now, kLeasesOfChild));
  COFFER_TRY(const auto children, tx.list_some(child_space(), child_parent(child.accessor), 1));
  const bool leaves_nothing = disowned && children.empty();
  return lifecycle::schedule(tx, kDueKind, child.accessor, leaves_nothing ? tidy_at : now, now);
}

Result<bool> Tokens::end_owned(envelope::SealedTransaction& tx, const Token& token, WallTime now,
                               std::size_t most) const {
  return end_owned_ ? end_owned_(tx, token.accessor, now, most) : Result<bool>(true);
}

}  // namespace coffer::auth
