// The version of this build, as sys/health and --version tell it.
#pragma once

#include <string_view>

namespace coffer {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace coffer
