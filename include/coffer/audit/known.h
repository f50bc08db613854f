// What a verifier was given to hold a log against: public keys, and checkpoints that were kept
// elsewhere.
#pragma once

#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "coffer/audit/checkpoint.h"
#include "coffer/audit/cosignature.h"

namespace coffer::audit {

/// A key that signs trees of `since` to `until` lines, both included.
struct KeyPeriod {
  NoteKey key;
  std::uint64_t since = 0;
  std::uint64_t until = std::numeric_limits<std::uint64_t>::max();
};

/// The periods of a file `signers` (docs/formats/audit-log.md): lines `NAME+ID+KEY since=N`, each
/// until the next. invalid_argument for anything else.
[[nodiscard]] Result<std::vector<KeyPeriod>> parse_signers(std::string_view file);

/// Keys that are trusted. Those without a name are taken to sign under the origin of each
/// checkpoint.
struct TrustedKeys {
  std::vector<NoteKey> named{};
  std::vector<Bytes> bare{};  ///< SubjectPublicKeyInfo
  /// When those keys were in force of which a file told that.
  std::vector<KeyPeriod> periods{};

  [[nodiscard]] bool empty() const noexcept { return named.empty() && bare.empty(); }
  /// Those that may sign under that origin.
  [[nodiscard]] Result<std::vector<NoteKey>> under(std::string_view origin) const;
};

/// The last of those of the log with that origin. nullptr: there are none.
[[nodiscard]] const KeyPeriod* newest_period(std::span<const KeyPeriod> periods,
                                             std::string_view origin) noexcept;

/// Whether there was one in force for a checkpoint of so many lines, and each such is among `keys`.
[[nodiscard]] bool knows_all_in_force(std::span<const KeyPeriod> periods,
                                      std::span<const NoteKey> keys, std::string_view origin,
                                      std::uint64_t size) noexcept;

/// corrupt: a key with periods signed a tree of a size that lies in none of them.
[[nodiscard]] Result<void> check_period(std::span<const KeyPeriod> periods, const NoteKey& key,
                                        std::uint64_t size);

/// Adds those of a file: one public key in PEM, or verifier keys, one a line, or a log's file
/// `signers`. invalid_argument for anything else.
[[nodiscard]] Result<void> add_keys(TrustedKeys& keys, std::string_view file);

/// Adds the checkpoints of a file. corrupt, with the number of the note, for one that none of the
/// keys signed while it was in force, and if none can be read; what is torn beside others that can
/// is passed over.
[[nodiscard]] Result<void> add_checkpoints(std::vector<Checkpoint>& known, std::string_view file,
                                           const TrustedKeys& keys);

/// What a witness says of a log: it had so many lines then.
struct Cosigned {
  std::string name;
  std::uint64_t lines = 0;
  WallTime at{};  ///< by the witness' clock
};

/// Adds the checkpoints of a file of which a witness has signed each, whoever else did. not_found:
/// there is one that none of them signed; corrupt for one that can't be read or doesn't verify.
[[nodiscard]] Result<std::vector<Cosigned>> add_cosigned(std::vector<Checkpoint>& known,
                                                         std::string_view file,
                                                         std::span<const Cosigner> witnesses);

}  // namespace coffer::audit
