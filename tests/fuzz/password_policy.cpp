// A password policy from outside: read or refused with an error that can be shown; what was read
// keeps what the header promises.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string_view>

#include "coffer/policy/password.h"

namespace {

using namespace coffer;

void require(bool condition) {
  if (!condition) std::abort();
}

void check_error(const Error& error) {
  require(error.code == ErrorCode::invalid_argument || error.code == ErrorCode::too_large);
  require(!error.text.empty() && error.text.size() < 1000);
  for (const char c : error.text) require(c >= 0x20 && c <= 0x7E);
}

/// Sorted, none twice, all printable.
void check_charset(std::string_view charset) {
  require(!charset.empty());
  require(std::adjacent_find(charset.begin(), charset.end(), std::greater_equal<>()) ==
          charset.end());
  require(charset.front() >= ' ' && charset.back() <= '~');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto policy = policy::parse_password_policy({reinterpret_cast<const char*>(data), size});
  if (!policy.ok()) {
    check_error(policy.error());
    return 0;
  }
  require(policy->length >= policy::kMinPasswordLength);
  require(policy->length <= policy::kMaxPasswordLength);
  check_charset(policy->charset);
  std::size_t minima = 0;
  for (const policy::CharacterRule& rule : policy->rules) {
    check_charset(rule.charset);
    require(policy->charset.find_first_of(rule.charset) != std::string::npos);
    minima += rule.min_chars;
  }
  require(!policy->rules.empty() && minima <= policy->length);
  require(policy->met_by({}) == (minima == 0));
  return 0;
}
