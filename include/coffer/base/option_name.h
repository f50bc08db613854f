// What an error of a command line may say of an option: its name.
#pragma once

#include <string>
#include <string_view>

namespace coffer {

/// "bad option -name". Boost names an unknown option as it was given, with its value behind the
/// `=`.
[[nodiscard]] inline std::string bad_option(std::string_view given) {
  return "bad option " + std::string(given.substr(0, given.find('=')));
}

}  // namespace coffer
