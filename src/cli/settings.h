// How to reach the daemon and how to print, from flags and environment. A flag wins over the
// environment, that over the default.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "arguments.h"
#include "coffer/base/result.h"
#include "environment.h"

namespace coffer::cli {

inline constexpr std::string_view kDefaultAddress = "unix:///run/coffer/coffer.sock";

/// Where requests go.
struct Address {
  std::string text;         ///< as the user gave it
  std::string url;          ///< scheme and authority, without a slash at the end
  std::string socket_path;  ///< empty: TCP
};
/// unix:///absolute/path, http:// or https:// with a host; no user, query or fragment.
[[nodiscard]] Result<Address> parse_address(std::string_view text);

struct Tls {
  std::string ca_cert;
  std::string ca_path;
  std::string client_cert;
  std::string client_key;
  std::string server_name;
  bool skip_verify = false;
};

enum class Format : std::uint8_t { table, json, yaml, pretty, raw };

struct Settings {
  Address address;
  Tls tls;
  std::chrono::milliseconds timeout{60'000};
  std::string name_space;
  std::string wrap_ttl;
  std::vector<std::pair<std::string, std::string>> headers;
  Format format = Format::table;
  std::string field;
  bool detailed = false;
  bool non_interactive = false;
  bool output_curl_string = false;
  bool output_policy = false;
};

[[nodiscard]] Result<Settings> resolve_settings(const Flags& flags, const Environment& environment);

/// NO_COLOR (any value), COFFER_CLI_NO_COLOR and its kin.
[[nodiscard]] bool color_refused(const Environment& environment);

}  // namespace coffer::cli
