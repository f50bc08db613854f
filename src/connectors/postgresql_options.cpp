#include "postgresql_options.h"

#include <algorithm>
#include <array>

namespace coffer::connectors {
namespace {

// What an administrator of the vault may say of a connection. Not here: what reads other files for
// passwords or settings (passfile, service), and what takes the deadline away (connect_timeout).
constexpr std::array kAllowed = {
    std::string_view("host"),
    std::string_view("hostaddr"),
    std::string_view("port"),
    std::string_view("dbname"),
    std::string_view("user"),
    std::string_view("password"),
    std::string_view("sslmode"),
    std::string_view("sslrootcert"),
    std::string_view("sslcert"),
    std::string_view("sslkey"),
    std::string_view("sslcrl"),
    std::string_view("sslsni"),
    std::string_view("gssencmode"),
    std::string_view("channel_binding"),
    std::string_view("keepalives"),
    std::string_view("keepalives_idle"),
    std::string_view("tcp_user_timeout"),
    std::string_view("application_name"),
    std::string_view("target_session_attrs"),
    std::string_view("ssl_min_protocol_version"),
    std::string_view("connect_timeout"),
};

Error bad_url(std::string_view why) {
  return make_error(ErrorCode::invalid_argument, "field \"connection_url\": " + std::string(why));
}

bool is(std::string_view value, std::string_view word) {
  if (!value.starts_with("{{") || !value.ends_with("}}")) return false;
  value = value.substr(2, value.size() - 4);
  while (value.starts_with(' ')) value.remove_prefix(1);
  while (value.ends_with(' ')) value.remove_suffix(1);
  return value == word;
}

Result<void> check_option(std::string_view keyword, std::string_view value) {
  if (std::find(kAllowed.begin(), kAllowed.end(), keyword) == kAllowed.end()) {
    return bad_url("the parameter \"" + std::string(keyword) + "\" can't be set");
  }
  if (keyword == "password" && !is(value, "password")) {
    return bad_url("a password in clear: write {{password}}, and give it in its own field");
  }
  if (keyword == "user" && is(value, "name")) return {};
  if (keyword == "user" || keyword == "password") {
    if (value.find("{{") == std::string_view::npos || is(value, "username") ||
        is(value, "password")) {
      return {};
    }
  }
  if (value.find("{{") != std::string_view::npos) return bad_url("a placeholder in a wrong place");
  return {};
}

}  // namespace

Result<PqOptions> parse_postgresql_url(std::string_view text) {
  if (text.empty()) return bad_url("is missing");
  if (text.find('\0') != std::string_view::npos) return bad_url("a NUL in it");
  char* problem = nullptr;
  struct Free {
    void operator()(PQconninfoOption* options) const noexcept { ::PQconninfoFree(options); }
  };
  const std::unique_ptr<PQconninfoOption, Free> parsed(
      ::PQconninfoParse(std::string(text).c_str(), &problem));
  ::PQfreemem(problem);  // it quotes the URL
  if (parsed == nullptr) return bad_url("libpq can't parse it");
  PqOptions options;
  for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    COFFER_CHECK(check_option(option->keyword, option->val));
    if (std::string_view(option->keyword) != "connect_timeout") {
      options.emplace_back(option->keyword, option->val);
    }
  }
  return options;
}

PqOptions login_options(const PqOptions& parsed, std::string_view name, const SecureBytes& password,
                        std::string_view database) {
  PqOptions options;
  for (const auto& [keyword, value] : parsed) {
    if (keyword == "user" && (!name.empty() || is(value, "username") || is(value, "name")))
      continue;
    if (keyword == "password" || (keyword == "dbname" && !database.empty())) continue;
    options.emplace_back(keyword, value);
  }
  if (!name.empty()) options.emplace_back("user", name);
  if (!database.empty()) options.emplace_back("dbname", database);
  const auto is_given = [&](std::string_view word) {
    return std::any_of(options.begin(), options.end(),
                       [&](const auto& o) { return o.first == word; });
  };
  if (!is_given("application_name")) options.emplace_back("application_name", "coffer");
  options.emplace_back("passfile", "/dev/null");  // never the daemon's own ~/.pgpass
  if (!password.empty()) {
    options.emplace_back("password", as_text(password.expose(Reveal{"libpq logs in with it"})));
  }
  return options;
}

Result<void> trust(PqOptions& options, std::string_view authorities) {
  bool mode_given = false;
  for (const auto& [keyword, value] : options) {
    if (keyword == "sslrootcert") return bad_url("sslrootcert beside field \"tls_ca\"");
    if (keyword != "sslmode") continue;
    mode_given = true;
    if (value != "verify-ca" && value != "verify-full") {
      return bad_url("with field \"tls_ca\" wanted sslmode=verify-full or verify-ca");
    }
  }
  if (!mode_given) options.emplace_back("sslmode", "verify-full");
  options.emplace_back("sslrootcert", authorities);
  return {};
}

void wipe_password(PqOptions& options) noexcept {
  for (auto& [keyword, value] : options) {
    if (keyword == "password") wipe(value);
  }
}

}  // namespace coffer::connectors
