// What a witness signs of a checkpoint: c2sp.org/tlog-cosignature, the kind with Ed25519. Pure
// functions, thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/audit/checkpoint.h"
#include "coffer/base/clock.h"

namespace coffer::audit {

/// A witness' public key under its name.
struct Cosigner {
  std::string name;
  std::uint32_t id = 0;
  Bytes key;  ///< Ed25519, 32 bytes
};

/// NAME+ID+KEY, where KEY is type 0x04 and the 32 bytes. invalid_argument for any other text.
[[nodiscard]] Result<Cosigner> parse_cosigner(std::string_view text);
/// One a line; empty lines don't count. invalid_argument also where there is none.
[[nodiscard]] Result<std::vector<Cosigner>> parse_cosigners(std::string_view file);

struct Cosignature {
  std::string name;         ///< the witness'
  WallTime at{};            ///< by the witness' clock
  NoteSignature signature;  ///< as it stands in the note
};

/// The signatures of those witnesses, in the note's order. not_found: there is none; corrupt: one
/// under a known name and id that isn't by that key.
[[nodiscard]] Result<std::vector<Cosignature>> verify_cosignatures(
    const SignedCheckpoint& note, std::span<const Cosigner> cosigners);

}  // namespace coffer::audit
