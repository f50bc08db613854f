// What a verifier was given to hold a log against: public keys, and checkpoints that were kept
// elsewhere.
#pragma once

#include <vector>

#include "coffer/audit/checkpoint.h"

namespace coffer::audit {

/// Keys that are trusted. Those without a name are taken to sign under the origin of each
/// checkpoint.
struct TrustedKeys {
  std::vector<NoteKey> named{};
  std::vector<Bytes> bare{};  ///< SubjectPublicKeyInfo
};

/// Adds those of a file: one public key in PEM, or verifier keys, one a line. invalid_argument for
/// anything else.
[[nodiscard]] Result<void> add_keys(TrustedKeys& keys, std::string_view file);

/// Adds the checkpoints of a file. corrupt, with the number of the note, for one that can't be read
/// or that none of the keys signed.
[[nodiscard]] Result<void> add_checkpoints(std::vector<Checkpoint>& known, std::string_view file,
                                           const TrustedKeys& keys);

}  // namespace coffer::audit
