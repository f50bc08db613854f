// Where tokens and their children stand in the store, and how they are written there.
// docs/formats/auth.md.
#pragma once

#include "coffer/auth/token.h"
#include "coffer/envelope/sealed_store.h"

namespace coffer::auth {

/// RFC 4648 section 5, without padding.
[[nodiscard]] std::string base64url(ByteView bytes);

/// Keyed, of a token: its first bytes are the accessor. Secret only as far as it isn't the
/// accessor.
[[nodiscard]] Result<crypto::Sha256> token_hash(const envelope::Keyring& keyring,
                                                std::uint32_t key_version, std::string_view token);
[[nodiscard]] std::string accessor_of(const crypto::Sha256& hash);

[[nodiscard]] envelope::RowName token_row(std::string_view accessor, std::uint32_t key_version);
[[nodiscard]] envelope::RowName child_row(std::string_view parent, std::string_view child);
[[nodiscard]] envelope::Space child_space();
[[nodiscard]] std::string child_parent(std::string_view parent);

[[nodiscard]] std::string encode_token(const Token& token);
/// Takes all but accessor, key version and row version, which are the row's name and place.
[[nodiscard]] Result<Token> decode_token(std::string_view value);

/// The row as it stands, dead or alive; nullopt: none under any version of the key.
[[nodiscard]] Result<std::optional<Token>> read_token(envelope::SealedTransaction& tx,
                                                      const envelope::Keyring& keyring,
                                                      std::string_view accessor);
[[nodiscard]] Result<void> write_token(envelope::SealedTransaction& tx, const Token& token);

[[nodiscard]] inline std::uint32_t current_version(const envelope::Keyring& keyring) {
  return keyring.current_version(envelope::KeyName::token_hash);
}

}  // namespace coffer::auth
