#include "lineage.h"

#include <algorithm>

#include "coffer/policy/policy.h"
#include "token_row.h"

namespace coffer::auth {
namespace {

Result<void> note(envelope::SealedTransaction& tx, const Token& token, Lineage& lineage) {
  COFFER_TRY(store::Key place, tx.place(token_row(token.accessor, token.key_version)));
  lineage.rows.emplace_back(std::move(place), token.version);
  if (token.never_expires()) return {};
  if (lineage.expires == WallTime{} || token.expires < lineage.expires) {
    lineage.expires = token.expires;
  }
  return {};
}

bool is_root(const Token& token) {
  const auto& policies = token.terms.policies;
  return std::find(policies.begin(), policies.end(), policy::kRootPolicy) != policies.end();
}

}  // namespace

Result<Lineage> trace(envelope::SealedTransaction& tx, const envelope::Keyring& keyring,
                      const Token& token, WallTime now) {
  Lineage lineage;
  if (token.state != TokenState::alive || token.expired(now)) return lineage;
  COFFER_CHECK(note(tx, token, lineage));
  std::string parent = token.parent;
  for (std::size_t depth = 0; !parent.empty(); ++depth) {
    if (depth > kMaxTokenDepth) {
      return make_error(ErrorCode::corrupt, "a token has more ancestors than a token may have");
    }
    COFFER_TRY(const std::optional<Token> ancestor, read_token(tx, keyring, parent));
    if (!ancestor || ancestor->state == TokenState::revoked) return lineage;
    // Its own end in time takes nobody along any more.
    if (ancestor->state == TokenState::detached) break;
    if (ancestor->expired(now)) return lineage;
    COFFER_CHECK(note(tx, *ancestor, lineage));
    parent = ancestor->parent;
  }
  lineage.alive = true;
  return lineage;
}

Result<std::string> identity_of(envelope::SealedTransaction& tx, const envelope::Keyring& keyring,
                                Token token) {
  for (std::size_t depth = 0; depth <= kMaxTokenDepth; ++depth) {
    if (!token.identity.empty()) return std::move(token.identity);
    if (token.parent.empty()) break;
    // Rows of before there were identities tell no more than who made them.
    COFFER_TRY(std::optional<Token> parent, read_token(tx, keyring, token.parent));
    if (!parent || parent->state == TokenState::detached || is_root(*parent)) break;
    token = *std::move(parent);
  }
  return std::move(token.accessor);
}

Result<std::string> inherited(envelope::SealedTransaction& tx, const envelope::Keyring& keyring,
                              const Token& parent) {
  if (is_root(parent)) return std::string();
  return identity_of(tx, keyring, parent);
}

}  // namespace coffer::auth
