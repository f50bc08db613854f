#include "mariadb_options.h"

#include <charconv>

namespace coffer::connectors {
namespace {

Error bad_url(std::string_view why) {
  return make_error(ErrorCode::invalid_argument, "field \"connection_url\": " + std::string(why));
}

Result<void> read_user(std::string_view text, MariadbOptions& options) {
  const auto colon = text.find(':');
  const std::string_view user = text.substr(0, colon);
  if (colon != std::string_view::npos && text.substr(colon + 1) != "{{password}}") {
    return bad_url("a password in clear: write {{password}}, and give it in its own field");
  }
  if (user == "{{username}}" || user == "{{name}}") return {};
  if (user.find("{{") != std::string_view::npos) return bad_url("a placeholder in a wrong place");
  options.user = user;
  return {};
}

Result<void> read_tcp(std::string_view address, MariadbOptions& options) {
  const auto bracket = address.rfind(']');
  auto colon = address.rfind(':');
  if (bracket != std::string_view::npos && colon != std::string_view::npos && colon < bracket) {
    colon = std::string_view::npos;
  }
  std::string_view host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  options.host = host.empty() ? "127.0.0.1" : host;
  if (colon == std::string_view::npos) return {};
  const std::string_view port = address.substr(colon + 1);
  const auto [end, problem] = std::from_chars(port.data(), port.data() + port.size(), options.port);
  if (problem != std::errc{} || end != port.data() + port.size() || options.port == 0) {
    return bad_url("wanted a port from 1 to 65535");
  }
  return {};
}

Result<void> read_address(std::string_view text, MariadbOptions& options) {
  const auto open = text.find('(');
  if (open == std::string_view::npos || !text.ends_with(')')) {
    return bad_url("wanted tcp(HOST:PORT) or unix(/PATH)");
  }
  const std::string_view protocol = text.substr(0, open);
  const std::string_view address = text.substr(open + 1, text.size() - open - 2);
  if (protocol == "tcp") return read_tcp(address, options);
  if (protocol != "unix" || !address.starts_with('/')) {
    return bad_url("wanted tcp(HOST:PORT) or unix(/PATH)");
  }
  options.socket = address;
  return {};
}

Result<void> read_parameter(std::string_view text, MariadbOptions& options) {
  const auto equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  const std::string_view value =
      equals == std::string_view::npos ? std::string_view() : text.substr(equals + 1);
  // Go's driver parses results by these; we read none of them.
  if (name == "parseTime" || name == "charset" || name == "collation" || name == "loc") return {};
  if (name != "tls") return bad_url("a parameter that isn't known: tls is");
  options.tls_given = true;
  if (value == "true") {
    options.tls = MariadbOptions::Tls::verified;
  } else if (value == "skip-verify") {
    options.tls = MariadbOptions::Tls::unverified;
  } else if (value != "false") {
    return bad_url("wanted tls=true, skip-verify or false");
  }
  return {};
}

}  // namespace

Result<MariadbOptions> parse_mariadb_url(std::string_view text) {
  if (text.empty()) return bad_url("is missing");
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) return bad_url("a control character in it");
  }
  MariadbOptions options;
  const auto question = text.find('?');
  std::string_view parameters =
      question == std::string_view::npos ? std::string_view() : text.substr(question + 1);
  text = text.substr(0, question);
  const auto slash = text.rfind('/');
  if (slash == std::string_view::npos || text.ends_with(')'))
    return bad_url("wanted a / behind the address");
  options.database = text.substr(slash + 1);
  text = text.substr(0, slash);
  if (const auto sign = text.rfind('@'); sign != std::string_view::npos) {
    COFFER_CHECK(read_user(text.substr(0, sign), options));
    text = text.substr(sign + 1);
  }
  if (text.find("{{") != std::string_view::npos ||
      options.database.find("{{") != std::string::npos) {
    return bad_url("a placeholder in a wrong place");
  }
  COFFER_CHECK(read_address(text, options));
  while (!parameters.empty()) {
    const auto end = parameters.find('&');
    COFFER_CHECK(read_parameter(parameters.substr(0, end), options));
    parameters = end == std::string_view::npos ? std::string_view() : parameters.substr(end + 1);
  }
  return options;
}

}  // namespace coffer::connectors
