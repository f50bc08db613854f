// Proofs that somebody else checks without the log: that a line is in it (c2sp.org/tlog-proof), and
// that an older checkpoint is of its beginning (the body of c2sp.org/tlog-witness' add-checkpoint).
// docs/formats/audit-log.md. Parsing and checking are pure functions, thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/audit/known.h"

namespace coffer::audit {

struct LineProof {
  std::uint64_t index = 0;  ///< of the leaf: the line's sequence - 1
  std::string line{};       ///< without its LF; the proof's `extra`. Empty: it brings none
  std::vector<TreeHash> path{};
  std::string checkpoint{};  ///< the note
};

struct GrowthProof {
  std::uint64_t old_size = 0;
  std::vector<TreeHash> path{};
  std::string checkpoint{};  ///< of the larger tree
};

/// A path has at most so many hashes (RFC 6962 section 2.1, for 64 bits of size).
inline constexpr std::size_t kMaxProofPath = 64;

[[nodiscard]] std::string to_text(const LineProof& proof);
[[nodiscard]] std::string to_text(const GrowthProof& proof);
/// corrupt, with what is wrong, unless it is one proof to its end, spelt as to_text() does.
[[nodiscard]] Result<LineProof> parse_line_proof(std::string_view text);
[[nodiscard]] Result<GrowthProof> parse_growth_proof(std::string_view text);

/// One of the keys signed the checkpoint, and `line` is the one of that number under its root.
/// corrupt, with what is wrong, otherwise.
[[nodiscard]] Result<Checkpoint> check(const LineProof& proof, std::string_view line,
                                       const TrustedKeys& keys);
/// One of the keys signed both, and the tree of `old` is the beginning of the proof's.
[[nodiscard]] Result<Checkpoint> check(const GrowthProof& proof, const SignedCheckpoint& old,
                                       const TrustedKeys& keys);

/// Reads the log up to what the checkpoint covers. not_found: no such line, it was archived, or the
/// checkpoint doesn't cover it; corrupt: the log isn't the one that was signed.
[[nodiscard]] Result<LineProof> prove_line(const std::string& directory, std::uint64_t sequence,
                                           std::string_view checkpoint);
[[nodiscard]] Result<GrowthProof> prove_growth(const std::string& directory, std::uint64_t old_size,
                                               std::string_view checkpoint);

enum class Beginning : std::uint8_t {
  known,      ///< it is those lines
  other,      ///< it is others
  archived,   ///< they aren't here, and what is left was signed, with what stood before it
  unfounded,  ///< they aren't here, and nothing that was signed covers what is left
};

/// Whether the log's first lines are those of `known`, however it came to be known. not_found:
/// there are fewer lines. Reads the segment that has the last of them, and from its start alone
/// where that tells the tree before it. Where those lines aren't there any more, what the first
/// line tells of them is anybody's word: a checkpoint beside the log, by one of `keys`, has to
/// cover it.
[[nodiscard]] Result<Beginning> beginning_of(const std::string& directory, const Checkpoint& known,
                                             const TrustedKeys& keys);

/// The last checkpoint beside the log that one of the keys signed for that origin. nullopt: there
/// is none. Whether the lines are those isn't asked.
[[nodiscard]] Result<std::optional<Checkpoint>> newest_signed(const std::string& directory,
                                                              std::string_view origin,
                                                              const TrustedKeys& keys);

/// The last note beside the log. not_found: there is none.
[[nodiscard]] Result<std::string> newest_checkpoint(const std::string& directory);

}  // namespace coffer::audit
