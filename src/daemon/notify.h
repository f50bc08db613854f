// What the service manager is told (sd_notify(3)). Without NOTIFY_SOCKET all of it does nothing.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace coffer::daemon {

void notify_ready(std::string_view status);
void notify_reloading();
void notify_stopping();
/// One sign of life.
void notify_watchdog();

/// How often the service manager wants a sign of life (WATCHDOG_USEC); nullopt: never.
[[nodiscard]] std::optional<std::chrono::microseconds> watchdog_timeout();

}  // namespace coffer::daemon
