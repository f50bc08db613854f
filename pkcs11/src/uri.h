// PKCS#11 URIs (RFC 7512), read by p11-kit.
#pragma once

#include <string_view>

#include "coffer/base/result.h"
#include "p11.h"

namespace coffer::pkcs11 {

/// Names a token by `serial` or `token` (its label), and by nothing else than attributes of a
/// token. Not slots, which move; no PIN, whose place isn't a URI; no module, which has its own
/// setting.
class TokenUri final {
 public:
  /// invalid_argument; the text never repeats the URI, which may hold a PIN.
  [[nodiscard]] static Result<TokenUri> parse(std::string_view text);
  [[nodiscard]] bool matches(const CK_TOKEN_INFO& info) const noexcept;

 private:
  explicit TokenUri(UriHandle uri) noexcept : uri_(std::move(uri)) {}
  UriHandle uri_;
};

}  // namespace coffer::pkcs11
