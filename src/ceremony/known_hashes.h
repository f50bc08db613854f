// Hashes of programs and module: those of the plan, of the rehearsal, of the preflight, and those
// that an exception was made for. Private to the room.
#pragma once

#include "plan.h"
#include "transcript.h"

namespace coffer::ceremony {

/// Whether a fact or finding of that name is such a hash.
[[nodiscard]] bool is_hash(std::string_view name) noexcept;
/// The finding's name by the plan's: "program-sha256" for "coffer-ceremony", else "NAME-sha256".
[[nodiscard]] std::string hash_finding(std::string_view planned);
/// That the plan has for a finding; empty if it has none.
[[nodiscard]] std::string_view planned_hash(const Plan& plan, std::string_view finding);
/// Of the line "done" of the preflight; empty if it wasn't done by then.
[[nodiscard]] std::string_view hash_at_preflight(const Transcript& transcript,
                                                 std::string_view finding);
/// Whether it is another than at the preflight, and had no exception.
[[nodiscard]] bool has_changed(const Transcript& transcript, std::string_view finding,
                               std::string_view hash);

/// The rehearsal's transcript that is kept in the directory of a ceremony; without lines if it was
/// held without. corrupt if it is another than the ceremony began with.
[[nodiscard]] Result<Transcript> kept_rehearsal(const std::string& directory,
                                                const Transcript& transcript);

/// Each hash that isn't as plan, rehearsal or preflight have it although no exception says why.
[[nodiscard]] std::vector<std::string> problems_of_hashes(const Plan& plan,
                                                          const Transcript& transcript,
                                                          const Transcript& rehearsal);

}  // namespace coffer::ceremony
