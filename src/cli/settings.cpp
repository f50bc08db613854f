#include "settings.h"

#include <algorithm>
#include <optional>

#include "duration.h"

namespace coffer::cli {
namespace {

Error refused_address(std::string_view why) {
  return make_error(ErrorCode::invalid_argument,
                    "invalid address: " + std::string(why) +
                        "; want unix:///path, http://host:port or https://host:port");
}

/// What may stand in a URL or a header without ending it.
bool printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string flag_or_environment(const Flags& flags, std::string_view flag,
                                const Environment& environment, std::string_view suffix) {
  return flags.has(flag) ? flags.text(flag) : std::string(environment.own_value(suffix));
}

std::optional<Format> parse_format(std::string_view text) {
  if (text == "table") return Format::table;
  if (text == "json") return Format::json;
  if (text == "yaml" || text == "yml") return Format::yaml;
  if (text == "pretty") return Format::pretty;
  if (text == "raw") return Format::raw;
  return std::nullopt;
}

Result<Address> resolve_address(const Flags& flags, const Environment& environment) {
  // An agent stands between us and the daemon: where there is one it is spoken to.
  std::string text = flag_or_environment(flags, "agent-address", environment, "AGENT_ADDR");
  if (text.empty()) text = flag_or_environment(flags, "address", environment, "ADDR");
  return parse_address(text.empty() ? kDefaultAddress : std::string_view(text));
}

Result<std::chrono::milliseconds> resolve_timeout(const Environment& environment) {
  const std::string_view text = environment.own_value("CLIENT_TIMEOUT");
  if (text.empty()) return Settings{}.timeout;
  auto timeout = parse_duration(text);
  if (!timeout.ok() || timeout->count() == 0) {
    return make_error(ErrorCode::invalid_argument,
                      "CLIENT_TIMEOUT is not a duration: want seconds, or as 1m30s");
  }
  return *timeout;
}

Result<std::vector<std::pair<std::string, std::string>>> resolve_headers(const Flags& flags) {
  std::vector<std::pair<std::string, std::string>> headers;
  for (const std::string& text : flags.list("header")) {
    const std::size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    const bool word = std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '-' || c == '_';
    });
    const std::string value = equals == std::string::npos ? "" : text.substr(equals + 1);
    // A line break would let the value smuggle in headers of its own.
    const bool clean =
        std::none_of(value.begin(), value.end(), [](char c) { return c < 0x20 || c == 0x7f; });
    if (equals == std::string::npos || name.empty() || !word || !clean) {
      return make_error(ErrorCode::invalid_argument, "invalid -header: want NAME=VALUE");
    }
    headers.emplace_back(name, value);
  }
  return headers;
}

Tls resolve_tls(const Flags& flags, const Environment& environment) {
  Tls tls;
  tls.ca_cert = flag_or_environment(flags, "ca-cert", environment, "CACERT");
  tls.ca_path = flag_or_environment(flags, "ca-path", environment, "CAPATH");
  tls.client_cert = flag_or_environment(flags, "client-cert", environment, "CLIENT_CERT");
  tls.client_key = flag_or_environment(flags, "client-key", environment, "CLIENT_KEY");
  tls.server_name = flag_or_environment(flags, "tls-server-name", environment, "TLS_SERVER_NAME");
  tls.skip_verify = flags.has("tls-skip-verify") ? flags.boolean("tls-skip-verify")
                                                 : environment.own_is_true("SKIP_VERIFY");
  return tls;
}

std::string resolve_namespace(const Flags& flags, const Environment& environment) {
  if (flags.has("ns")) return flags.text("ns");
  return flag_or_environment(flags, "namespace", environment, "NAMESPACE");
}

}  // namespace

Result<Address> parse_address(std::string_view text) {
  constexpr std::string_view kUnix = "unix://";
  constexpr std::size_t kLongestSocketPath = 107;  // sun_path less its end, unix(7)
  if (text.substr(0, kUnix.size()) == kUnix) {
    const std::string_view path = text.substr(kUnix.size());
    if (path.empty() || path.front() != '/')
      return refused_address("the socket's path is relative");
    if (path.size() > kLongestSocketPath) {
      return refused_address("the socket's path is longer than 107 bytes");
    }
    if (path.find('\0') != std::string_view::npos) return refused_address("a zero byte in it");
    return Address{std::string(text), "http://localhost", std::string(path)};
  }
  const std::size_t scheme_end = text.find("://");
  const std::string_view scheme = text.substr(0, scheme_end);
  if (scheme_end == std::string_view::npos || (scheme != "http" && scheme != "https")) {
    return refused_address("no scheme that is known");
  }
  std::string_view host = text.substr(scheme_end + 3);
  while (!host.empty() && host.back() == '/') host.remove_suffix(1);
  if (host.empty() || !printable(host)) return refused_address("no host in it");
  if (host.find_first_of("@?#/\\") != std::string_view::npos) {
    return refused_address("more than a host and a port in it");
  }
  return Address{std::string(text), std::string(scheme).append("://").append(host), ""};
}

Result<Settings> resolve_settings(const Flags& flags, const Environment& environment) {
  Settings settings;
  COFFER_TRY(settings.address, resolve_address(flags, environment));
  COFFER_TRY(settings.timeout, resolve_timeout(environment));
  COFFER_TRY(settings.headers, resolve_headers(flags));
  settings.tls = resolve_tls(flags, environment);
  settings.name_space = resolve_namespace(flags, environment);
  settings.wrap_ttl = flag_or_environment(flags, "wrap-ttl", environment, "WRAP_TTL");
  if (!settings.wrap_ttl.empty() && !parse_duration(settings.wrap_ttl).ok()) {
    return make_error(ErrorCode::invalid_argument, "invalid -wrap-ttl: want a duration, as 5m");
  }
  if (!printable(settings.name_space)) {
    return make_error(ErrorCode::invalid_argument, "invalid -namespace");
  }
  const std::string format = flag_or_environment(flags, "format", environment, "FORMAT");
  const auto known = parse_format(format.empty() ? "table" : format);
  if (!known) {
    return make_error(ErrorCode::invalid_argument,
                      "invalid output format: want table, json, yaml, pretty or raw");
  }
  settings.format = *known;
  settings.field = flags.text("field");
  settings.detailed =
      flags.has("detailed") ? flags.boolean("detailed") : environment.own_is_true("DETAILED");
  settings.non_interactive = flags.boolean("non-interactive");
  settings.output_curl_string = flags.boolean("output-curl-string");
  settings.output_policy = flags.boolean("output-policy");
  return settings;
}

bool color_refused(const Environment& environment) {
  // no-color.org: any value that isn't empty.
  const auto no_color = environment.get("NO_COLOR");
  return (no_color && !no_color->empty()) || !environment.own_value("CLI_NO_COLOR").empty();
}

}  // namespace coffer::cli
