// Checkpoints: signed roots of the tree over a log. c2sp.org/tlog-checkpoint in
// c2sp.org/signed-note; docs/formats/audit-log.md. Pure functions, thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/audit/note.h"
#include "coffer/audit/tree.h"
#include "coffer/base/uuid.h"
#include "coffer/crypto/signer.h"

namespace coffer::audit {

/// The first line of each checkpoint of a node's log, and the name of the keys that sign them.
[[nodiscard]] std::string log_origin(const Uuid& node);

struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;  ///< the sequence of the last line that it covers
  TreeHash root{};
  bool operator==(const Checkpoint&) const = default;
};

/// The note, ending in LF. The key's name is the origin. The message that is signed starts with the
/// origin, and so with a label that nothing else of the house signs.
[[nodiscard]] Result<std::string> sign_checkpoint(const Checkpoint& checkpoint,
                                                  crypto::Signer& signer);

struct SignedCheckpoint {
  Checkpoint checkpoint;
  std::string text;  ///< what is signed
  std::vector<NoteSignature> signatures;
};

/// corrupt, with what is wrong, unless it is one checkpoint without extension lines, to its end.
[[nodiscard]] Result<SignedCheckpoint> parse_checkpoint(std::string_view note);

/// Which of the keys signed it. not_found: none of them; corrupt: a signature that is to be one of
/// theirs isn't.
[[nodiscard]] Result<std::size_t> verify_checkpoint(const SignedCheckpoint& note,
                                                    std::span<const NoteKey> keys);

/// The notes of a file: each ends behind its last signature line; empty lines between them are
/// passed over. What doesn't parse stands in one piece.
[[nodiscard]] std::vector<std::string_view> split_notes(std::string_view text);

}  // namespace coffer::audit
