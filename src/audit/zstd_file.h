// Segments that were compressed (RFC 8878), read as if they weren't. Private to the room.
#pragma once

#include <string>

#include "line_reader.h"

namespace coffer::audit {

inline constexpr std::string_view kCompressed = ".zst";

/// Reads forward; a step back starts anew. corrupt: no zstd frame, one that is cut off, or more
/// behind it.
[[nodiscard]] Result<ReadAt> read_compressed(const std::string& path);
/// Bytes of the segment. corrupt: the frame doesn't say.
[[nodiscard]] Result<std::uint64_t> size_of_compressed(const std::string& path);
/// `from` as one frame, with its size and a checksum, into `to`, which must not exist; synced.
[[nodiscard]] Result<void> compress_file(const std::string& from, const std::string& to);

}  // namespace coffer::audit
