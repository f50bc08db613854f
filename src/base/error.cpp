#include "coffer/base/error.h"

#include <cstring>

namespace coffer {

std::string_view to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_argument: return "invalid_argument";
    case ErrorCode::unauthenticated: return "unauthenticated";
    case ErrorCode::permission_denied: return "permission_denied";
    case ErrorCode::not_found: return "not_found";
    case ErrorCode::unsupported: return "unsupported";
    case ErrorCode::conflict: return "conflict";
    case ErrorCode::precondition: return "precondition";
    case ErrorCode::too_large: return "too_large";
    case ErrorCode::resource_exhausted: return "resource_exhausted";
    case ErrorCode::limit_reached: return "limit_reached";
    case ErrorCode::sealed: return "sealed";
    case ErrorCode::unavailable: return "unavailable";
    case ErrorCode::corrupt: return "corrupt";
    case ErrorCode::internal: return "internal";
  }
  return "unknown";
}

Error make_error(ErrorCode code, std::string_view text, std::string_view cause,
                 SourceLocation where) {
  return Error{code, std::string(text), std::string(cause), where};
}

std::string describe(const Error& error) {
  const char* file = std::strrchr(error.where.file_name(), '/');
  file = file == nullptr ? error.where.file_name() : file + 1;
  std::string line(to_string(error.code));
  line.append(": ").append(error.text);
  if (!error.cause.empty()) line.append(" (").append(error.cause).append(")");
  line.append(" at ").append(file).append(":").append(std::to_string(error.where.line()));
  return line;
}

}  // namespace coffer
