// One HTTP exchange with the daemon, over libcurl: Unix socket or TCP, as the address says.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coffer/base/result.h"
#include "settings.h"
#include "token.h"

namespace coffer::cli {

struct HttpRequest {
  std::string method = "GET";
  std::string path = {};  ///< below /v1/, not encoded
  std::vector<std::pair<std::string, std::string>> query = {};
  std::optional<std::string> body = std::nullopt;
};

struct HttpReply {
  int status = 0;
  std::string body;
};

/// What goes over the wire besides token and body, the same for a request that is only printed.
[[nodiscard]] std::string request_url(const Address& address, const HttpRequest& request);
[[nodiscard]] std::vector<std::string> request_headers(const Settings& settings,
                                                       const HttpRequest& request);

/// The reply whatever its status. invalid_argument: what we were given is unusable (a certificate
/// file, a URL); unavailable: nobody there, refused, timed out, TLS failed; too_large: an answer
/// beyond 32 MiB. The text ends with a line on what can be done. Follows no redirect: the token
/// isn't for other hosts.
[[nodiscard]] Result<HttpReply> send_http(const Settings& settings, const Token* token,
                                          const HttpRequest& request);

/// Before the first request: has libcurl wipe the memory that it frees, since its buffers hold the
/// token and secrets. Call once, from one thread.
void initialise_http();

}  // namespace coffer::cli
