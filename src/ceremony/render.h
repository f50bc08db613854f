// The script of a ceremony, for paper. Private to the room.
#pragma once

#include <string>

#include "plan.h"

namespace coffer::ceremony {

/// Markdown: the plan with its hash in words, each step with what is expected, room for initials
/// and time, a page for exceptions, a form for each who takes a PIN or a share, and labels for
/// envelopes. A page break is a line of three dashes.
[[nodiscard]] std::string render_script(const Plan& plan);

}  // namespace coffer::ceremony
