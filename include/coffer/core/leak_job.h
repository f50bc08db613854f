// Fingerprints of secrets from before the index: made once, in steps, by the sweeper, over
// restarts.
#pragma once

#include "coffer/core/unsealed.h"

namespace coffer::core {

/// The job as it stands.
struct LeakJob {
  store::Key cursor{};           ///< all rows of the store up to here were looked at
  std::uint64_t secrets = 0;     ///< indexed by it
  std::uint64_t unreadable = 0;  ///< damaged, and so not indexed
  WallTime next{};               ///< when the next step is due
  bool done = false;
};
/// nullopt: never yet.
[[nodiscard]] Result<std::optional<LeakJob>> leak_job(envelope::SealedTransaction& tx);
/// Stages the first step, unless the job is under way or done.
[[nodiscard]] Result<void> resume_leak_job(envelope::SealedTransaction& tx, WallTime now);
/// `vault` outlives its handlers: it holds them.
void register_leak_job(Unsealed& vault);

}  // namespace coffer::core
