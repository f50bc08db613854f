#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "parameters.h"
#include "syntax.h"

namespace coffer::policy {

[[nodiscard]] Result<std::vector<std::string>> read_strings(const Node& value,
                                                            std::string_view key);
/// allowed_, denied_ and required_parameters of a stanza's body, whose keys are checked.
[[nodiscard]] Result<ParameterRules> read_parameter_rules(const Node& body);

}  // namespace coffer::policy
