// Versions as a flag names them.
#pragma once

#include <optional>
#include <string_view>

#include "coffer/model/json_tree.h"

namespace coffer::cli {

/// "1,2" as ["1","2"], as Vault's clients send it; nullopt: no numbers stand there.
[[nodiscard]] std::optional<model::Json> version_numbers(std::string_view text);

}  // namespace coffer::cli
