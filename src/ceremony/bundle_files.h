// The files of a bundle beside plan, transcript and report, held against what the
// transcript says of them. Private to the room.
#pragma once

#include <string>
#include <vector>

#include "bundle.h"
#include "plan.h"
#include "transcript.h"

namespace coffer::ceremony {

/// Each thing that is wrong, in a sentence: a file that is missing, that is another than the
/// transcript's, or that no ceremony of this plan writes.
[[nodiscard]] std::vector<std::string> problems_of_files(const Bundle& bundle, const Plan& plan,
                                                         const Transcript& transcript);

}  // namespace coffer::ceremony
