// Vault's HTTP API (docs/api) on one side, Request and Response on the other. Pure functions over
// plain text: no sockets, no HTTP library, no pipeline; `daemon` brings these together.
// Thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "coffer/base/error.h"
#include "coffer/model/request.h"

namespace coffer::faces::vault {

/// One message, read completely. Header values as sent, empty when the header isn't there;
/// check_head() has made sure that none of these comes twice. The views must outlive the calls.
struct HttpMessage {
  std::string_view method;
  std::string_view target;              ///< origin form: path and query, still encoded
  std::string_view token{};             ///< X-Vault-Token; secret
  std::string_view authorization{};     ///< Authorization; secret
  std::string_view content_type{};      ///< Content-Type
  std::string_view content_encoding{};  ///< Content-Encoding
  std::string_view wrap_ttl{};          ///< X-Vault-Wrap-TTL
  std::string_view vault_namespace{};   ///< X-Vault-Namespace
  std::string body{};                   ///< secret
};

/// hvac compares the whole value before it looks for errors: no charset here.
inline constexpr std::string_view kContentType = "application/json";
inline constexpr std::string_view kCacheControl = "no-store";

/// What goes back. Every answer has both headers below and `Content-Length: body.size()` (204: no
/// length). An answer to HEAD has the same head and no body: leaving it out is the sender's part.
struct HttpAnswer {
  int status = 500;
  std::string body{};  ///< may be secret
  std::string_view content_type = kContentType;
};

/// The request that the message asks for, or the answer to send at once because it asks for none
/// that we understand: 400, 404 (outside of /v1/), 405, 413, 415. The answer never quotes the
/// message.
///
/// - GET and HEAD read, or list with `?list=true`, scan with `?scan=true`, or ask for help with
///   `?help=true`; POST and PUT write (`update`: whether it is `create` is the pipeline's
///   question); PATCH, DELETE, LIST, SCAN, HELP are what they say; anything else, OPTIONS too, is
///   405.
/// - The path of a list and of a scan gets a slash at its end.
/// - Query parameters become string fields where there is no body; with one they are 400, for they
///   would have no effect. Twice the same name is 400.
/// - A body is a JSON object whatever its Content-Type says, for clients say nothing or the wrong
///   thing; but a body that is a form is 415, so is PATCH without application/merge-patch+json, and
///   any Content-Encoding. Reads, lists and deletes take no body but an empty object.
/// - X-Vault-Wrap-TTL and X-Vault-Namespace are refused with 400 unless they ask for nothing: to
///   ignore them would hand a secret out unwrapped, or from another namespace.
[[nodiscard]] std::variant<model::Request, HttpAnswer> to_request(HttpMessage&& message,
                                                                  const Uuid& id, WallTime now);

/// The token that the message brings, in X-Vault-Token or else in `Authorization: Bearer`; empty:
/// none. Secret. Points into the message's views, not into the message.
[[nodiscard]] std::string_view to_bearer(const HttpMessage& message) noexcept;

[[nodiscard]] HttpAnswer render(const Uuid& request_id, const model::Response& response);

/// `{"errors":[…]}` with the error's text alone; its cause stays here. A 403 with a request id
/// tells it as `decision_id`: an operator finds the decision by it, the caller learns nothing.
[[nodiscard]] HttpAnswer render(const Error& error, const Uuid* request_id = nullptr);

[[nodiscard]] int status_of(ErrorCode code) noexcept;

}  // namespace coffer::faces::vault
