// The job that brings all records to the keys that are current: in steps, by the sweeper, over
// restarts. It counts first, then rewraps; what it counted says which old keys nothing needs.
#pragma once

#include "coffer/core/unsealed.h"

namespace coffer::core {

enum class RewrapPhase : std::uint8_t { counting = 1, rewrapping = 2, done = 3 };

/// The job as it stands. Its counts are those of one pass over the whole store, which began after
/// the last change of the keys: of an old key they can only fall, for nothing new is wrapped to it.
struct RewrapJob {
  store::RowVersion keyring = 0;  ///< the stored keyring that it works for
  RewrapPhase phase = RewrapPhase::counting;
  store::Key cursor{};           ///< done up to here
  std::uint64_t total = 0;       ///< records to rewrap, once counted
  std::uint64_t done = 0;        ///< of these, rewrapped
  std::uint64_t records = 0;     ///< seen in this phase
  std::uint64_t unreadable = 0;  ///< seen in this phase, and damaged
  std::uint64_t elsewhere = 0;   ///< seen in this phase, and not for the token at hand
  WallTime started{};
  WallTime finished{};
  WallTime next{};                                 ///< when the next step is due
  std::vector<envelope::References> references{};  ///< by token and version
  std::vector<envelope::References> seen{};        ///< the same, of this phase so far
};

/// nullopt: never yet. Not `current`: the keys were changed since, and a new one is about to start.
struct FoundJob {
  RewrapJob job;
  bool current = false;
};
[[nodiscard]] Result<std::optional<FoundJob>> rewrap_job(envelope::SealedTransaction& tx);
/// Of a version of a token's kek; nothing counted is no reference.
[[nodiscard]] envelope::References references_of(const RewrapJob& job, const Uuid& token,
                                                 std::uint32_t version);

/// Whether there may be records that aren't wrapped as they should be: not in a vault whose one
/// token never had another kek.
[[nodiscard]] bool may_be_stale(const envelope::Keyring& keyring,
                                const std::optional<FoundJob>& found);
/// Stages the job's first step, where that may be and there isn't a pass for the keys of now; one
/// for keys of before ends there.
[[nodiscard]] Result<void> resume_rewrap(const Unsealed& vault, envelope::SealedTransaction& tx,
                                         WallTime now);
/// `vault` outlives its handlers: it holds them.
void register_rewrap(Unsealed& vault);

/// What must hold before a key is given up: the job is through for the keys of now, every record
/// could be read, and it counted no reference. `precondition`, with the number that is in the way.
[[nodiscard]] Result<void> check_unreferenced(envelope::SealedTransaction& tx, const Uuid& token,
                                              std::uint32_t version);
/// As above for a whole token: no record that it alone opens.
[[nodiscard]] Result<void> check_not_alone(envelope::SealedTransaction& tx, const Uuid& token);

}  // namespace coffer::core
