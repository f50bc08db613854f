// The daemon's diagnostic log, on standard error. Not the audit trail. A secret can't be passed: a
// SecureBytes has no formatter, and callers pass text made by describe() or fixed prose.
#pragma once

#include <cstdint>
#include <string_view>

#include "coffer/base/error.h"

namespace coffer::log {

enum class Level : std::uint8_t { info, warn, error };
/// What is less than `level` isn't written from here on; info at first. Thread-safe.
void set_level(Level level);

void info(std::string_view text);
void warn(std::string_view text);
void error(std::string_view text);
void error(const Error& error);

}  // namespace coffer::log
