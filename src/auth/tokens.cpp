#include "coffer/auth/tokens.h"

#include <algorithm>
#include <map>

#include "coffer/crypto/random.h"
#include "coffer/policy/policy.h"
#include "lineage.h"
#include "token_cache.h"
#include "token_row.h"

namespace coffer::auth {
namespace {

constexpr std::string_view kPrefix = "hvs.";
constexpr std::size_t kTokenBytes = 32;
constexpr std::size_t kMaxTokenSize = 512;

Error refused() { return make_error(ErrorCode::permission_denied, "permission denied"); }

bool possible(std::string_view token) { return !token.empty() && token.size() <= kMaxTokenSize; }

/// The row of a token under one version of the hashing key, whatever its state.
Result<std::optional<Token>> read_hashed(envelope::SealedTransaction& tx,
                                         const crypto::Sha256& hash, std::uint32_t key_version) {
  const std::string accessor = accessor_of(hash);
  COFFER_TRY(const std::optional<envelope::OpenedRow> row,
             tx.read(token_row(accessor, key_version)));
  if (!row) return std::optional<Token>();
  COFFER_TRY(Token token, decode_token(row->value));
  // The name tells 144 bits of the hash, which are no secret; the rest is compared so that the time
  // it takes tells nothing.
  if (!crypto::equal_constant_time(token.hash, hash)) return std::optional<Token>();
  token.accessor = accessor;
  token.key_version = key_version;
  token.version = row->version;
  return std::optional<Token>(std::move(token));
}

Result<bool> still_so(envelope::SealedTransaction& tx, const CachedCaller& cached) {
  for (const auto& [place, version] : cached.rows) {
    COFFER_TRY(const store::RowVersion now_there, tx.version_at(place));
    if (now_there != version) return false;
  }
  return true;
}

model::Caller caller_of(const Token& token) {
  model::Caller caller;
  caller.accessor = token.accessor;
  caller.display_name = token.terms.display_name;
  caller.policies = token.terms.policies;
  caller.token_type = "service";
  caller.metadata = token.terms.meta;
  return caller;
}

}  // namespace

Tokens::Tokens(const envelope::Keyring& keyring, AuditHash audit_hash)
    : keyring_(keyring),
      audit_hash_(std::move(audit_hash)),
      cache_(std::make_unique<TokenCache>()) {}

Tokens::~Tokens() = default;

Result<SecureBytes> Tokens::create_root(envelope::SealedTransaction& tx, WallTime now) const {
  NewToken root;
  root.terms.policies = {std::string(policy::kRootPolicy)};
  root.terms.display_name = "root";
  root.terms.path = "auth/token/root";
  COFFER_TRY(Created created, create(tx, root, now));
  return std::move(created.token);
}

Result<Tokens::Created> Tokens::create(envelope::SealedTransaction& tx, const NewToken& wanted,
                                       WallTime now) const {
  Token about;
  about.terms = wanted.terms;
  about.identity = wanted.identity;
  about.created = about.issued = now;
  if (wanted.terms.ttl.count() > 0) about.expires = now + wanted.terms.ttl;
  if (!wanted.parent.empty()) {
    COFFER_TRY(const std::optional<Token> parent, read_token(tx, keyring_, wanted.parent));
    if (!parent || parent->state != TokenState::alive) {
      return make_error(ErrorCode::precondition, "the parent of the new token is gone");
    }
    if (parent->depth >= kMaxTokenDepth) {
      return make_error(ErrorCode::precondition,
                        "a token may have at most 32 ancestors; make an orphan instead");
    }
    about.parent = parent->accessor;
    COFFER_TRY(about.identity, inherited(tx, keyring_, *parent));
    about.depth = static_cast<std::uint16_t>(parent->depth + 1);
    // Revoked at the same time, it would leave a child that its sweep didn't see.
    COFFER_CHECK(tx.require(token_row(parent->accessor, parent->key_version),
                            envelope::Expect::unchanged(parent->version)));
  }

  COFFER_TRY(const SecureBytes bits, crypto::random_secret(kTokenBytes));
  std::string token(kPrefix);
  token += base64url(bits.expose(Reveal{"spell a new token"}));
  Result<SecureBytes> out = SecureBytes::copy_of(as_bytes(token));
  about.key_version = current_version(keyring_);
  const Result<crypto::Sha256> hash = token_hash(keyring_, about.key_version, token);
  wipe(token);
  if (!out.ok()) return std::move(out).error();
  if (!hash.ok()) return hash.error();
  about.hash = *hash;
  about.accessor = accessor_of(about.hash);
  COFFER_CHECK(write_token(tx, about));
  if (!about.parent.empty()) {
    COFFER_CHECK(
        tx.write(child_row(about.parent, about.accessor), {}, envelope::Expect::anything()));
  }
  if (!about.never_expires()) {
    COFFER_CHECK(lifecycle::schedule(tx, kDueKind, about.accessor, about.expires, now));
  }
  return Created{*std::move(out), std::move(about)};
}

Result<Identity> Tokens::identify(envelope::SealedTransaction& tx, std::string_view bearer,
                                  WallTime now) const {
  if (!possible(bearer)) return refused();
  for (std::uint32_t version = current_version(keyring_); version > 0; --version) {
    COFFER_TRY(const crypto::Sha256 hash, token_hash(keyring_, version, bearer));
    if (const auto cached = cache_->find(hash)) {
      COFFER_TRY(const bool good, still_so(tx, *cached));
      if (good) {
        // Its own row stands first.
        if (cached->rows.front().second <= void_through_) return refused();
        const bool over = cached->expires != WallTime{} && cached->expires <= now;
        if (over) return refused();
        return cached->identity;
      }
    }
    COFFER_TRY(const std::optional<Token> token, read_hashed(tx, hash, version));
    if (!token) continue;
    return remember(tx, hash, *token, bearer, now);
  }
  return refused();
}

Result<Identity> Tokens::remember(envelope::SealedTransaction& tx, const crypto::Sha256& hash,
                                  const Token& token, std::string_view bearer, WallTime now) const {
  COFFER_TRY(Lineage lineage, trace(tx, keyring_, token, now));
  if (!lineage.alive || is_void(token)) {
    cache_->forget(hash);
    return refused();
  }
  auto caller = std::make_shared<model::Caller>(caller_of(token));
  COFFER_TRY(caller->identity, identity_of(tx, keyring_, token));
  if (audit_hash_) audit_hash_(caller->token_hash, bearer);
  Identity identity{std::move(caller), token.terms.num_uses > 0};
  cache_->put(hash, std::make_shared<const CachedCaller>(
                        CachedCaller{identity, lineage.expires, std::move(lineage.rows)}));
  return identity;
}

Result<std::optional<Token>> Tokens::alive(envelope::SealedTransaction& tx,
                                           std::optional<Token> token, WallTime now) const {
  if (!token || is_void(*token)) return std::optional<Token>();
  COFFER_TRY(const Lineage lineage, trace(tx, keyring_, *token, now));
  if (!lineage.alive) return std::optional<Token>();
  return token;
}

Result<std::optional<Token>> Tokens::find(envelope::SealedTransaction& tx, std::string_view token,
                                          WallTime now) const {
  if (!possible(token)) return std::optional<Token>();
  for (std::uint32_t version = current_version(keyring_); version > 0; --version) {
    COFFER_TRY(const crypto::Sha256 hash, token_hash(keyring_, version, token));
    COFFER_TRY(std::optional<Token> found, read_hashed(tx, hash, version));
    if (found) return alive(tx, std::move(found), now);
  }
  return std::optional<Token>();
}

Result<std::optional<Token>> Tokens::find_accessor(envelope::SealedTransaction& tx,
                                                   std::string_view accessor, WallTime now) const {
  if (!possible(accessor)) return std::optional<Token>();
  COFFER_TRY(std::optional<Token> found, read_token(tx, keyring_, accessor));
  return alive(tx, std::move(found), now);
}

Result<void> Tokens::hold(envelope::SealedTransaction& tx, std::string_view accessor,
                          WallTime now) const {
  COFFER_TRY(const std::optional<Token> token, find_accessor(tx, accessor, now));
  if (!token) return refused();
  if (token->terms.num_uses == 1) {
    return make_error(
        ErrorCode::invalid_argument,
        "the token has one use left, and a lease ends with its token: nothing was made");
  }
  // An ancestor's end takes its time to come down the tree, and changes this row when it comes.
  return tx.require(token_row(token->accessor, token->key_version),
                    envelope::Expect::unchanged(token->version));
}

Result<std::vector<std::string>> Tokens::accessors(envelope::SealedTransaction& tx,
                                                   WallTime now) const {
  std::map<std::string, Token> all;
  for (std::uint32_t version = current_version(keyring_); version > 0; --version) {
    const envelope::RowName sample = token_row({}, version);
    COFFER_TRY(const auto rows, tx.list(sample.space, sample.parent));
    for (const envelope::ListedRow& row : rows) {
      COFFER_TRY(Token token, decode_token(row.value));
      COFFER_TRY(const store::Key place, tx.place(token_row(row.name, version)));
      COFFER_TRY(token.version, tx.version_at(place));
      if (is_void(token)) continue;
      all.emplace(row.name, std::move(token));
    }
  }
  const auto lives = [&](const Token* token) {
    if (token->state != TokenState::alive) return false;
    for (std::size_t depth = 0; depth <= kMaxTokenDepth; ++depth) {
      if (token->state == TokenState::detached) return true;
      if (token->state != TokenState::alive || token->expired(now)) return false;
      if (token->parent.empty()) return true;
      const auto parent = all.find(token->parent);
      if (parent == all.end()) return false;
      token = &parent->second;
    }
    return false;
  };
  std::vector<std::string> names;
  for (const auto& [name, token] : all) {
    if (lives(&token)) names.push_back(name);
  }
  return names;
}

}  // namespace coffer::auth
