// A ceremony that goes on after it was cut short. Private to the room.
#pragma once

#include "ceremony.h"

namespace coffer::ceremony {

/// Shows the transcript's hash as people noted it last, and what was written since; two of them
/// confirm that it is theirs. Where nobody reads it, `ceremony.noted` must have it. Their names and
/// the hash, as facts. precondition: it is another, or isn't given.
[[nodiscard]] Result<Facts> confirm_head(Ceremony& ceremony);

/// Looks at the machine again, writes down what it finds behind `confirmed`, and wants an exception
/// for what is new and not as it should be. Then reads again from the token what the transcript
/// says of it: precondition names the step and the fact that is another.
[[nodiscard]] Result<void> resume(Ceremony& ceremony, Facts confirmed);

}  // namespace coffer::ceremony
