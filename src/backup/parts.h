// The bytes of a backup, both ways. Private to the room. docs/formats/backup.md.
#pragma once

#include "coffer/backup/format.h"
#include "coffer/base/codec.h"

namespace coffer::backup {

inline constexpr std::uint8_t kChunkTag = 1;
inline constexpr std::uint8_t kTrailerTag = 2;

/// From the magic to the end of the header's body.
[[nodiscard]] Bytes encode_header(const Header& header);
/// The body alone.
[[nodiscard]] Result<Header> decode_header(ByteView body);

/// Where the running hash starts, and how a chunk (tag, count, length and rows) moves it on.
[[nodiscard]] Result<crypto::Sha256> first_digest(ByteView header);
[[nodiscard]] Result<crypto::Sha256> next_digest(const crypto::Sha256& before, ByteView chunk);

/// What the signature is over. `bytes` is the length before the trailer.
[[nodiscard]] Bytes signed_message(const Uuid& vault, const Summary& summary, std::uint64_t bytes);

}  // namespace coffer::backup
