// A request shown instead of sent: as a curl command, or as the policy that allows it.
#pragma once

#include <string>

#include "http_client.h"

namespace coffer::cli {

/// A line for a shell. The token stands there as $(coffer print token), never by value; data stand
/// there as they are, because without them it would be another request, or with `hide_data` as
/// standard input.
[[nodiscard]] std::string curl_command(const Settings& settings, bool with_token,
                                       const HttpRequest& request, bool hide_data);

/// In Vault's policy language.
[[nodiscard]] std::string needed_policy(const HttpRequest& request);

}  // namespace coffer::cli
