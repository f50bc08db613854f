// The stored keyring, formats 1 and 2, as bytes; without a token. docs/formats/keyring.md. Private
// to the room.
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "coffer/envelope/keyring.h"
#include "recipient.h"

namespace coffer::envelope {

inline constexpr std::size_t kKeyringKeySize = 32;

struct VersionedKey {
  KeyName name{};
  std::uint32_t version = 0;
  SecureBytes key;
};

inline constexpr std::uint8_t kKeyringFormat1 = 1;
inline constexpr std::uint8_t kKeyringFormat2 = 2;  ///< the one that is written

/// A token with the keyring key wrapped to it.
struct KeyringToken {
  EnrolledToken token;
  std::string algorithm;  ///< of the wrap; that of the token, unless it is being changed
  Bytes wrapped;
};

/// Everything before the signature. The keys are sorted by name and version, without a double.
[[nodiscard]] Result<std::string> pack_keyring(const Uuid& vault,
                                               std::span<const KeyringToken> tokens,
                                               std::span<const VersionedKey> keys,
                                               ByteView keyring_key,
                                               const std::array<std::uint8_t, 12>& iv,
                                               std::uint8_t format = kKeyringFormat2);

/// What the token's `sign` key signs: label and body.
[[nodiscard]] std::string keyring_signature_message(ByteView body);

struct SplitKeyring {
  ByteView body;
  ByteView signature;
};
/// Without looking at what is in them. The key that the signature is to be verified with says how
/// long it is.
[[nodiscard]] Result<SplitKeyring> split_keyring(ByteView stored, std::size_t signature_size);

/// The id alone, of bytes that nobody has verified.
[[nodiscard]] Result<Uuid> read_vault(ByteView stored);

struct ParsedKeyring {
  std::uint8_t format = kKeyringFormat2;
  Uuid vault;
  std::vector<KeyringToken> tokens;
  ByteView header;  ///< additional data of the sealed keys
  ByteView iv;
  ByteView sealed_keys;
};
/// Precondition: the signature over `body` was verified.
[[nodiscard]] Result<ParsedKeyring> parse_keyring(ByteView body);

/// corrupt unless each of the six names has a key and all is in order.
[[nodiscard]] Result<std::vector<VersionedKey>> open_keys(const ParsedKeyring& keyring,
                                                          ByteView keyring_key);

}  // namespace coffer::envelope
