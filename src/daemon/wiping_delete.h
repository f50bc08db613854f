// The daemon's global operator delete wipes what it frees: request bodies and values live on the
// ordinary heap, for they are too large for the secure one.
#pragma once

namespace coffer::daemon {

/// Does nothing but make the linker take the replacement.
void require_wiping_delete() noexcept;

}  // namespace coffer::daemon
