// The tables of sys/leaks/. Private to the room.
#pragma once

#include "handlers.h"

namespace coffer::sys {

[[nodiscard]] std::span<const Handler> leak_handlers();
[[nodiscard]] std::span<const Handler> leak_response_handlers();

}  // namespace coffer::sys
