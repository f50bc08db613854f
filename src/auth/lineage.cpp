#include "lineage.h"

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

}  // namespace coffer::auth
