// What went wrong, in a form that callers can act on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "coffer/base/source_location.h"

namespace coffer {

/// About a dozen codes; a new one only if a caller can act on it.
enum class ErrorCode : std::uint8_t {
  invalid_argument,    ///< the request is wrong; sending it again won't help
  unauthenticated,     ///< no caller could be made out
  permission_denied,   ///< the caller may not do this
  not_found,           ///< no such thing, as far as the caller may know
  unsupported,         ///< the path is there, but not for this operation
  conflict,            ///< the state changed underneath: run again
  precondition,        ///< a condition that the caller named doesn't hold
  too_large,           ///< over a documented limit
  resource_exhausted,  ///< memory, queue or secure heap is full
  limit_reached,       ///< a configured number of things is there: others have to end first
  sealed,              ///< the vault isn't open
  unavailable,         ///< token, disk or log is away; may come back
  corrupt,             ///< stored bytes aren't what was stored
  internal,            ///< a bug, or a library in a state that we don't know
};

[[nodiscard]] std::string_view to_string(ErrorCode code) noexcept;

/// `text` is fixed prose that a client may see: lower case, no full stop, what was tried and what
/// was got against what was wanted; never the value of a field. `cause` is for the log alone: the
/// C_ function and CK_RV, the OpenSSL queue, the SQLite code. Neither ever holds a secret.
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string text;
  std::string cause;
  SourceLocation where = SourceLocation::current();
};

[[nodiscard]] Error make_error(ErrorCode code, std::string_view text, std::string_view cause = {},
                               SourceLocation where = SourceLocation::current());

/// One line for the log: code, text, cause, file and line.
[[nodiscard]] std::string describe(const Error& error);

}  // namespace coffer
