#include "version_numbers.h"

#include <algorithm>
#include <string>

namespace coffer::cli {

using model::Json;

std::optional<Json> version_numbers(std::string_view text) {
  constexpr std::size_t kMostDigits = 18;
  Json versions = Json::array();
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view number = text.substr(0, end);
    const bool digits = number.find_first_not_of("0123456789") == std::string_view::npos;
    if (number.empty() || number.size() > kMostDigits || !digits) return std::nullopt;
    versions.push(Json::string(std::string(number)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (versions.elements().empty()) return std::nullopt;
  return versions;
}

}  // namespace coffer::cli
