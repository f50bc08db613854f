// A token that a key is wrapped to, in sealed records and in the keyring. Private to the room.
#pragma once

#include "coffer/base/codec.h"
#include "coffer/base/uuid.h"
#include "packer.h"

namespace coffer::envelope {

inline constexpr std::size_t kWrappedKeySize = 12 + 32 + 16;  ///< aes-gcm: IV, key, tag
inline constexpr std::size_t kMaxRecipients = 8;

/// Views into the bytes read, or into what the writer holds.
struct Recipient {
  Uuid token;
  std::uint32_t kek_version = 0;
  std::string_view algorithm;
  ByteView wrapped;
};

void pack(Packer& out, const Recipient& recipient);
[[nodiscard]] Result<Recipient> read_recipient(Reader& in);

/// corrupt unless this program knows the algorithm and the wrapped key has exactly its length: a
/// token is never asked about anything else, since some take odd lengths without a word.
[[nodiscard]] Result<void> check_wrapped(const Recipient& recipient);

}  // namespace coffer::envelope
