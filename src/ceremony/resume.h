// A ceremony that goes on after it was cut short. Private to the room.
#pragma once

#include "ceremony.h"

namespace coffer::ceremony {

/// Looks at the machine again and writes the line "resumed". A program or module that is another
/// than at the preflight, and whatever else isn't good and had no exception, needs one:
/// precondition without.
[[nodiscard]] Result<void> resume(Ceremony& ceremony);

}  // namespace coffer::ceremony
