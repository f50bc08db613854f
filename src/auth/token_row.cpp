#include "token_row.h"

#include <algorithm>

#include "coffer/base/codec.h"
#include "row_codec.h"

namespace coffer::auth {
namespace {

constexpr envelope::Space kTokenSpace{.mount = {}, .table = 1};
constexpr envelope::Space kChildSpace{.mount = {}, .table = 7};
constexpr std::uint8_t kFormat = 3;
/// Without an identity.
constexpr std::uint8_t kFormatBefore = 2;
constexpr std::string_view kAccessorLabel = "coffer accessor v1";
constexpr std::size_t kAccessorBytes = 18;

enum Flag : std::uint8_t { kRenewable = 1 };

}  // namespace

std::string base64url(ByteView bytes) {
  std::string text = to_base64(bytes);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  while (text.ends_with('=')) text.pop_back();
  return text;
}

Result<crypto::Sha256> token_hash(const envelope::Keyring& keyring, std::uint32_t key_version,
                                  std::string_view token) {
  COFFER_TRY(const ByteView key,
             keyring.key(envelope::KeyName::token_hash, key_version, Reveal{"hash a token"}));
  return crypto::hmac_sha256(key, {as_bytes(kAccessorLabel), as_bytes(token)});
}

std::string accessor_of(const crypto::Sha256& hash) {
  return base64url(ByteView(hash).first(kAccessorBytes));
}

envelope::RowName token_row(std::string_view accessor, std::uint32_t key_version) {
  return {kTokenSpace, std::to_string(key_version) + "/", std::string(accessor)};
}

envelope::Space child_space() { return kChildSpace; }

std::string child_parent(std::string_view parent) { return std::string(parent) + "/"; }

envelope::RowName child_row(std::string_view parent, std::string_view child) {
  return {kChildSpace, child_parent(parent), std::string(child)};
}

std::string encode_token(const Token& token) {
  const TokenTerms& terms = token.terms;
  Writer row;
  row.u8(kFormat).u8(static_cast<std::uint8_t>(token.state)).raw(token.hash);
  row.text(token.parent).u16(token.depth);
  put_time(row, token.created);
  put_time(row, token.issued);
  put_time(row, token.expires);
  put_seconds(row, terms.ttl);
  put_seconds(row, terms.explicit_max_ttl);
  put_seconds(row, terms.period);
  row.u64(static_cast<std::uint64_t>(terms.num_uses));
  row.u8(terms.renewable ? kRenewable : 0);
  row.text(terms.display_name).text(terms.path).text(terms.role);
  put_strings(row, terms.policies);
  row.u32(static_cast<std::uint32_t>(terms.meta.size()));
  for (const auto& [name, value] : terms.meta) row.text(name).text(value);
  row.text(token.identity);
  return std::string(as_text(row.view()));
}

namespace {

Result<void> decode_life(Reader& row, Token& token) {
  COFFER_TRY(const std::uint8_t state, row.u8());
  if (state < static_cast<std::uint8_t>(TokenState::alive) ||
      state > static_cast<std::uint8_t>(TokenState::detached)) {
    return make_error(ErrorCode::corrupt, "unknown state of a token");
  }
  token.state = static_cast<TokenState>(state);
  COFFER_TRY(const ByteView hash, row.raw(token.hash.size()));
  std::copy(hash.begin(), hash.end(), token.hash.begin());
  COFFER_TRY(token.parent, row.text());
  COFFER_TRY(token.depth, row.u16());
  COFFER_TRY(token.created, get_time(row));
  COFFER_TRY(token.issued, get_time(row));
  COFFER_TRY(token.expires, get_time(row));
  return {};
}

Result<void> decode_terms(Reader& row, TokenTerms& terms) {
  COFFER_TRY(terms.ttl, get_seconds(row));
  COFFER_TRY(terms.explicit_max_ttl, get_seconds(row));
  COFFER_TRY(terms.period, get_seconds(row));
  COFFER_TRY(const std::uint64_t uses, row.u64());
  terms.num_uses = static_cast<std::int64_t>(uses);
  COFFER_TRY(const std::uint8_t flags, row.u8());
  terms.renewable = (flags & kRenewable) != 0;
  COFFER_TRY(terms.display_name, row.text());
  COFFER_TRY(terms.path, row.text());
  COFFER_TRY(terms.role, row.text());
  COFFER_TRY(terms.policies, get_strings(row));
  COFFER_TRY(const std::uint32_t meta, row.u32());
  for (std::uint32_t i = 0; i < meta; ++i) {
    COFFER_TRY(const std::string_view name, row.text());
    COFFER_TRY(const std::string_view value, row.text());
    terms.meta.emplace_back(name, value);
  }
  return {};
}

}  // namespace

Result<Token> decode_token(std::string_view value) {
  Reader row(as_bytes(value));
  Token token;
  COFFER_TRY(const std::uint8_t format, row.u8());
  if (format != kFormat && format != kFormatBefore) {
    return make_error(ErrorCode::corrupt, "unknown format of a token row");
  }
  COFFER_CHECK(decode_life(row, token));
  COFFER_CHECK(decode_terms(row, token.terms));
  if (format == kFormat) {
    COFFER_TRY(token.identity, row.text());
  }
  COFFER_CHECK(row.finish());
  return token;
}

Result<std::optional<Token>> read_token(envelope::SealedTransaction& tx,
                                        const envelope::Keyring& keyring,
                                        std::string_view accessor) {
  for (std::uint32_t version = current_version(keyring); version > 0; --version) {
    COFFER_TRY(const std::optional<envelope::OpenedRow> row, tx.read(token_row(accessor, version)));
    if (!row) continue;
    COFFER_TRY(Token token, decode_token(row->value));
    token.accessor = accessor;
    token.key_version = version;
    token.version = row->version;
    return std::optional<Token>(std::move(token));
  }
  return std::optional<Token>();
}

Result<void> write_token(envelope::SealedTransaction& tx, const Token& token) {
  return tx.write(
      token_row(token.accessor, token.key_version), encode_token(token),
      token.version == 0 ? envelope::Expect::absent() : envelope::Expect::unchanged(token.version));
}

std::chrono::seconds Token::remaining(WallTime now) const {
  if (never_expires() || expires <= now) return std::chrono::seconds(0);
  return std::chrono::ceil<std::chrono::seconds>(expires - now);
}

}  // namespace coffer::auth
