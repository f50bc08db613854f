#include "environment.h"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace coffer::cli {

Environment Environment::of_process() {
  // secure_getenv: if this program is ever installed set-user-ID, the caller's variables don't
  // choose what it connects to.
  return Environment([](const std::string& name) { return ::secure_getenv(name.c_str()); });
}

std::optional<std::string_view> Environment::get(const std::string& name) const {
  const char* value = lookup_(name);
  if (value == nullptr) return std::nullopt;
  return std::string_view(value);
}

std::optional<Environment::Found> Environment::own(std::string_view suffix) const {
  for (const std::string_view prefix : std::array{"COFFER_", "BAO_", "VAULT_"}) {
    std::string name(prefix);
    name.append(suffix);
    if (const auto value = get(name)) return Found{std::move(name), *value};
  }
  return std::nullopt;
}

std::string_view Environment::own_value(std::string_view suffix) const {
  const auto found = own(suffix);
  return found ? found->value : std::string_view();
}

bool Environment::own_is_true(std::string_view suffix) const {
  const std::string_view value = own_value(suffix);
  return value == "1" || value == "t" || value == "T" || value == "true" || value == "TRUE" ||
         value == "True";
}

std::string home_directory(const Environment& environment) {
  if (const auto home = environment.get("HOME"); home && !home->empty()) return std::string(*home);
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  ::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? std::string() : std::string(found->pw_dir);
}

}  // namespace coffer::cli
