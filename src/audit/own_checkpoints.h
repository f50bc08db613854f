// The checkpoints that the daemon left beside its segments, for the verifier. Private to the room.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "coffer/audit/verify.h"
#include "segments.h"
#include "tree_check.h"

namespace coffer::audit {

/// Memory: the checkpoints of one segment. Not thread-safe.
class OwnCheckpoints final {
 public:
  static constexpr std::uint64_t kOpen = std::numeric_limits<std::uint64_t>::max();

  /// Without keys those of the log's own file `signers` are taken. An error: it can't be read.
  [[nodiscard]] static Result<OwnCheckpoints> open(const std::string& directory,
                                                   const TrustedKeys& keys);

  /// Adds those of one segment to `tree`; none if there is no such file. `next`: the first line of
  /// the segment after it. A flaw: one that can't be read and isn't the
  /// file's last, isn't in order, isn't that segment's, or wasn't signed by the key that was in
  /// force.
  [[nodiscard]] Result<std::optional<Flaw>> read(const Segment& segment, std::uint64_t next,
                                                 TreeCheck& tree);
  /// Segments behind `last` of which there are checkpoints alone.
  [[nodiscard]] std::vector<Segment> after(const Segment& last) const;

 private:
  OwnCheckpoints(std::string directory, TrustedKeys keys, std::vector<Segment> files)
      : directory_(std::move(directory)), keys_(std::move(keys)), files_(std::move(files)) {}
  [[nodiscard]] Result<void> take(std::string_view text, const Segment& segment, std::uint64_t next,
                                  TreeCheck& tree);
  [[nodiscard]] Result<SignedBy> signer_of(const SignedCheckpoint& note) const;

  std::string directory_;
  TrustedKeys keys_;
  std::vector<Segment> files_;
  std::uint64_t last_size_ = 0;
};

/// The first checkpoint beside the log, from the segment of that number on, that one of the keys
/// signed for that origin. nullopt: there is none. Whether the lines are those isn't asked.
[[nodiscard]] Result<std::optional<Checkpoint>> first_signed(const std::string& directory,
                                                             std::uint64_t segment,
                                                             std::string_view origin,
                                                             const TrustedKeys& keys);

/// How many lines the first of the checkpoints covers, in the last files that have any by `key`;
/// nullopt: it signed none. For a file `signers` that was lost or put back.
[[nodiscard]] Result<std::optional<std::uint64_t>> signed_since(const std::string& directory,
                                                                const NoteKey& key);

}  // namespace coffer::audit
