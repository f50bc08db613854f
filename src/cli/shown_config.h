// The daemon's configuration as an auditor may see it. Private to the room.
#pragma once

#include <string>
#include <string_view>

#include "coffer/base/result.h"

namespace coffer::cli {

struct ShownConfig {
  std::string text;          ///< TOML
  std::size_t left_out = 0;  ///< keys that the daemon doesn't know, or whose value can't be one
};

/// What the parser found, written anew: of keys that are known, the values that can't be secret.
/// `init_string`, `environment` and `pin_credential` of the token stand as "(left out)"; comments,
/// keys and tables that aren't known don't stand there at all. invalid_argument, with the line: it
/// isn't TOML.
[[nodiscard]] Result<ShownConfig> shown_config(std::string_view text);

}  // namespace coffer::cli
