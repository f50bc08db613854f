#include "notify.h"

#include <systemd/sd-daemon.h>

#include <ctime>
#include <string>

namespace coffer::daemon {
namespace {

/// The manager that can't be told is no reason not to serve.
void tell(const std::string& state) { static_cast<void>(sd_notify(0, state.c_str())); }

/// Where the present state began, as Type=notify-reload asks for it: CLOCK_MONOTONIC.
std::string monotonic_usec() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::to_string(now.tv_sec * 1'000'000 + now.tv_nsec / 1'000);
}

}  // namespace

void notify_ready(std::string_view status) { tell("READY=1\nSTATUS=" + std::string(status)); }

void notify_reloading() {
  tell("RELOADING=1\nMONOTONIC_USEC=" + monotonic_usec() + "\nSTATUS=reading the configuration");
}

void notify_stopping() { tell("STOPPING=1\nSTATUS=finishing what is under way"); }

void notify_watchdog() { tell("WATCHDOG=1"); }

std::optional<std::chrono::microseconds> watchdog_timeout() {
  std::uint64_t usec = 0;
  if (sd_watchdog_enabled(0, &usec) <= 0) return std::nullopt;
  return std::chrono::microseconds(usec);
}

}  // namespace coffer::daemon
