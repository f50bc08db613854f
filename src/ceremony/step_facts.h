// What came of each step, held against what the plan lets it be. Private to the room.
#pragma once

#include "plan.h"
#include "transcript.h"

namespace coffer::ceremony {

/// Each fact of a line "done" that doesn't follow from the plan, in a sentence. Steps that weren't
/// done are told elsewhere.
[[nodiscard]] std::vector<std::string> problems_of_facts(const Plan& plan,
                                                         const Transcript& transcript);

/// Of the step that made the vault's keys, or opened the token that has them.
[[nodiscard]] const TranscriptLine* line_of_keys(const Transcript& transcript) noexcept;

/// The finding of the exception by which an act's program, of which a try was begun before, is run
/// again, or what that did is taken as it is.
[[nodiscard]] std::string again_finding(std::string_view act, bool again);

}  // namespace coffer::ceremony
