#include "coffer/auth/policy_names.h"

#include <algorithm>

namespace coffer::auth {
namespace {

constexpr std::string_view kReserved = "response-wrapping";

Error refused(std::string_view why) {
  return make_error(ErrorCode::invalid_argument, "name of a policy: " + std::string(why));
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n\v\f");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n\v\f") - first + 1);
}

bool allowed(char c) {
  return c > ' ' && c <= '~' && std::string_view("\\%*+,").find(c) == std::string_view::npos;
}

/// A name is the end of a path (sys/policies/acl/NAME), so what no path may hold is refused here.
bool is_path(std::string_view name) {
  for (;;) {
    const std::size_t end = std::min(name.find('/'), name.size());
    const std::string_view part = name.substr(0, end);
    if (part.empty() || part == "." || part == "..") return false;
    if (end == name.size()) return true;
    name.remove_prefix(end + 1);
  }
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

Result<std::string> policy_name(std::string_view text) {
  const std::string_view bare = trimmed(text);
  if (bare.empty()) return refused("must not be empty");
  if (bare.size() > kMaxPolicyName) return refused("at most 128 characters");
  if (!std::all_of(bare.begin(), bare.end(), allowed)) {
    return refused("printable ASCII without spaces and any of \\ % * + ,");
  }
  if (!is_path(bare)) return refused("no empty, \".\" or \"..\" part between slashes");
  std::string name(bare);
  std::transform(name.begin(), name.end(), name.begin(), lower);
  return name;
}

Result<std::vector<std::string>> policy_names(const std::vector<std::string>& texts) {
  if (texts.size() > kMaxPolicies) {
    return make_error(ErrorCode::invalid_argument, "more than 256 policies");
  }
  std::vector<std::string> names;
  for (const std::string& text : texts) {
    COFFER_TRY(std::string name, policy_name(text));
    if (name == kReserved) return refused("\"response-wrapping\" is reserved");
    names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

bool glob_matches(std::string_view glob, std::string_view text) {
  // After a mismatch the last star takes one character more: linear in practice, never exponential.
  std::size_t g = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      resume = t;
    } else if (g < glob.size() && glob[g] == text[t]) {
      ++g;
      ++t;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

}  // namespace coffer::auth
