#include "coffer/engine/names.h"

#include <algorithm>
#include <string>

namespace coffer::engine {
namespace {

constexpr std::size_t kMaxName = 128;

bool in_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

Result<void> check_name(std::string_view thing, std::string_view name) {
  const bool fits = !name.empty() && name.size() <= kMaxName && in_word(name.front()) &&
                    in_word(name.back()) && std::all_of(name.begin(), name.end(), [](char c) {
                      return in_word(c) || c == '-' || c == '.' || c == '@';
                    });
  if (fits) return {};
  return make_error(ErrorCode::invalid_argument,
                    "the name of a " + std::string(thing) +
                        " has 1 to 128 letters, digits and _, and within them -, . and @");
}

}  // namespace coffer::engine
