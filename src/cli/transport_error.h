// What to say when no answer came: what happened, and what the user can do about it.
#pragma once

#include "coffer/base/error.h"
#include "settings.h"

namespace coffer::cli {

/// `curl_code` is a CURLcode, `system_error` an errno or 0.
[[nodiscard]] Error transport_error(const Settings& settings, int curl_code, int system_error);

}  // namespace coffer::cli
