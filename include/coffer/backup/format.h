// A backup: the store's rows as they are sealed, in one file that whoever has the pinned public key
// can check without daemon, store or token. docs/formats/backup.md.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "coffer/base/bytes.h"
#include "coffer/base/clock.h"
#include "coffer/base/uuid.h"
#include "coffer/crypto/digest.h"

namespace coffer::backup {

inline constexpr std::string_view kMagic = "CFBK";
inline constexpr std::uint8_t kFormat = 1;
/// A chunk is closed once it holds so much; a row is never split.
inline constexpr std::size_t kChunkBytes = std::size_t{256} << 10U;
/// No chunk, header or trailer is longer: a reader allocates no more for any length that it reads.
inline constexpr std::size_t kMaxPart = std::size_t{16} << 20U;

/// Of which store, when, and how far.
struct Header {
  Uuid vault;
  Uuid node;
  WallTime created;
  std::uint64_t sequence = 0;  ///< of the last commit that is in it
  /// The log's last line when the snapshot was taken: the request line of each commit that is in
  /// the backup stands there or before.
  std::uint64_t audit_sequence = 0;
  std::string audit_hash{};  ///< of that line, as the log spells it
  std::string program{};     ///< the version that wrote it
};

struct Row {
  std::string_view key;
  std::uint64_t version = 0;
  std::string_view value;
};

/// What stands at the end, and what a whole reading has checked.
struct Summary {
  std::uint64_t rows = 0;
  std::uint64_t chunks = 0;
  std::uint64_t bytes = 0;  ///< of the whole file
  crypto::Sha256 digest{};  ///< over all that is before the trailer
  Bytes signer{};           ///< SubjectPublicKeyInfo
};

/// Takes all bytes that it is given, or fails.
using Sink = std::function<Result<void>(ByteView)>;
/// Fills the front of the view and gives how much; 0: the end.
using Source = std::function<Result<std::size_t>(MutableByteView)>;

}  // namespace coffer::backup
