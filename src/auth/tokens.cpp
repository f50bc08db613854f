#include "coffer/auth/tokens.h"

#include <algorithm>

#include "coffer/base/codec.h"
#include "coffer/crypto/digest.h"
#include "coffer/crypto/random.h"
#include "coffer/policy/policy.h"

namespace coffer::auth {
namespace {

/// The rooms' own rows stand under the nil uuid; numbers are part of the format.
constexpr envelope::Space kTokenSpace{.mount = {}, .table = 1};
constexpr std::uint8_t kRowFormat = 1;
constexpr std::string_view kPrefix = "hvs.";
constexpr std::size_t kTokenBytes = 32;
constexpr std::size_t kMaxTokenSize = 512;

Error refused() { return make_error(ErrorCode::permission_denied, "permission denied"); }

/// RFC 4648 section 5, without padding.
std::string base64url(ByteView bytes) {
  std::string text = to_base64(bytes);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  while (text.ends_with('=')) text.pop_back();
  return text;
}

/// The row's name carries the version of the hashing key, so that the key can rotate by itself.
Result<envelope::RowName> row_of(const envelope::Keyring& keyring, std::uint32_t version,
                                 std::string_view token) {
  COFFER_TRY(const ByteView key,
             keyring.key(envelope::KeyName::token_hash, version, Reveal{"hash a token"}));
  COFFER_TRY(const crypto::Sha256 hash, crypto::hmac_sha256(key, as_bytes(token)));
  return envelope::RowName{kTokenSpace, std::to_string(version) + "/", to_hex(hash)};
}

std::string encode(const model::Caller& caller, WallTime created) {
  Writer row;
  row.u8(kRowFormat).text(caller.accessor).text(caller.display_name).text(caller.token_type);
  row.u64(static_cast<std::uint64_t>(created.time_since_epoch().count()));
  row.u32(static_cast<std::uint32_t>(caller.policies.size()));
  for (const std::string& policy : caller.policies) row.text(policy);
  return std::string(as_text(row.view()));
}

Result<model::Caller> decode(std::string_view value) {
  Reader row(as_bytes(value));
  model::Caller caller;
  COFFER_TRY(const std::uint8_t format, row.u8());
  if (format != kRowFormat) return make_error(ErrorCode::corrupt, "unknown format of a token row");
  COFFER_TRY(caller.accessor, row.text());
  COFFER_TRY(caller.display_name, row.text());
  COFFER_TRY(caller.token_type, row.text());
  COFFER_TRY([[maybe_unused]] const std::uint64_t created, row.u64());
  COFFER_TRY(const std::uint32_t policies, row.u32());
  for (std::uint32_t i = 0; i < policies; ++i) {
    COFFER_TRY(const std::string_view policy, row.text());
    caller.policies.emplace_back(policy);
  }
  COFFER_CHECK(row.finish());
  return caller;
}

}  // namespace

Result<SecureBytes> Tokens::create_root(envelope::SealedTransaction& tx, WallTime now) const {
  COFFER_TRY(const SecureBytes bits, crypto::random_secret(kTokenBytes));
  std::string token(kPrefix);
  token += base64url(bits.expose(Reveal{"spell a new token"}));
  COFFER_TRY(const Bytes accessor, crypto::random_bytes(18));
  const model::Caller caller{.accessor = base64url(accessor),
                             .display_name = "root",
                             .policies = {std::string(policy::kRootPolicy)},
                             .token_type = "service",
                             .token_hash = {}};
  const std::uint32_t version = keyring_.current_version(envelope::KeyName::token_hash);
  COFFER_TRY(const envelope::RowName row, row_of(keyring_, version, token));
  COFFER_CHECK(tx.write(row, encode(caller, now), envelope::Expect::absent()));
  COFFER_TRY(SecureBytes out, SecureBytes::copy_of(as_bytes(token)));
  wipe(token);
  return out;
}

Result<model::Caller> Tokens::identify(envelope::SealedTransaction& tx,
                                       std::string_view bearer) const {
  if (bearer.empty() || bearer.size() > kMaxTokenSize) return refused();
  for (std::uint32_t version = keyring_.current_version(envelope::KeyName::token_hash); version > 0;
       --version) {
    COFFER_TRY(const envelope::RowName name, row_of(keyring_, version, bearer));
    COFFER_TRY(const std::optional<envelope::OpenedRow> row, tx.read(name));
    if (row) return decode(row->value);
  }
  return refused();
}

}  // namespace coffer::auth
