// The rows of the index of fingerprints (docs/formats/leaks.md). Private to the room.
#pragma once

#include <array>
#include <vector>

#include "coffer/core/leak_index.h"

namespace coffer::core {

inline constexpr envelope::Space kFingerprintSpace{.mount = {}, .table = 40};
inline constexpr envelope::Space kMarkSpace{.mount = {}, .table = 41};
inline constexpr envelope::Space kLeakWorkSpace{.mount = {}, .table = 42};

/// HMAC-SHA-256 of a canonical value by a version of the keyring's `fingerprint` key, its first 128
/// bits.
struct Fingerprint {
  std::uint32_t key_version = 0;
  std::array<std::uint8_t, 16> bytes{};
};
[[nodiscard]] Result<Fingerprint> fingerprint_of(ByteView key, std::uint32_t key_version,
                                                 std::string_view canonical);

/// The parent of all places of a value.
[[nodiscard]] std::string parent_of(const Fingerprint& fingerprint);
[[nodiscard]] envelope::RowName fingerprint_row(const Fingerprint& fingerprint,
                                                const LeakPlace& place);
/// The place that such a row's name tells. `corrupt`.
[[nodiscard]] Result<LeakPlace> place_of(std::string_view name);

/// What is noted of a secret, by its row: which fingerprints have to go with it.
struct LeakMark {
  std::string path;
  std::uint64_t version = 0;
  struct Leaf {
    Fingerprint fingerprint;
    std::string key;
  };
  std::vector<Leaf> leaves{};
};
[[nodiscard]] envelope::RowName mark_row(const envelope::RowName& secret);
[[nodiscard]] std::string encode(const LeakMark& mark);
[[nodiscard]] Result<LeakMark> decode_mark(std::string_view row);

inline constexpr std::string_view kFingerprintValue{"\x01", 1};  ///< the format, and nothing else

}  // namespace coffer::core
