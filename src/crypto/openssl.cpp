#include "openssl.h"

#include <openssl/err.h>

#include <array>
#include <string>

namespace coffer::crypto {

Error openssl_error(std::string_view function, SourceLocation where) {
  std::string cause(function);
  // Reasons only: OpenSSL never puts input into them.
  for (unsigned long code = ERR_get_error(); code != 0; code = ERR_get_error()) {
    std::array<char, 256> line{};
    ERR_error_string_n(code, line.data(), line.size());
    cause.append("; ").append(line.data());
  }
  return make_error(ErrorCode::internal, "a cryptographic operation failed", cause, where);
}

void forget_openssl_errors() noexcept { ERR_clear_error(); }

}  // namespace coffer::crypto
