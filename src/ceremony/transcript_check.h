// A transcript held against its plan, of a ceremony or of a rehearsal. Private to the room.
#pragma once

#include "plan.h"
#include "transcript.h"

namespace coffer::ceremony {

/// Each in a sentence: lines that no ceremony writes, steps that weren't done or confirmed as the
/// plan has them, facts that don't follow from it, findings without an exception, keys that aren't
/// as planned, no end. The transcript isn't empty.
[[nodiscard]] std::vector<std::string> problems_of_transcript(const Plan& plan,
                                                              const Transcript& transcript);

/// Why this text can't be the transcript of the plan's rehearsal; empty if it can. It is held to
/// the same as that of a ceremony.
[[nodiscard]] std::vector<std::string> problems_of_rehearsal(std::string_view text,
                                                             const Plan& plan);

}  // namespace coffer::ceremony
