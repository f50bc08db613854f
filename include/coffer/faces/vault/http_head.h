// The head of an HTTP message, judged before any HTTP library reads it. Two parsers that understand
// one message differently are how requests are smuggled: whatever could be understood in two ways
// is refused here.
#pragma once

#include <string_view>

#include "coffer/base/result.h"

namespace coffer::faces::vault {

inline constexpr std::size_t kMaxRequestLine = 4096;  ///< bytes, without its line end
inline constexpr std::size_t kMaxHead = 16384;        ///< bytes, with the empty line
inline constexpr std::size_t kMaxHeaderFields = 64;

/// `raw_head` is everything from the first byte up to and with the first CR LF CR LF. Over a limit:
/// too_large; any other rule broken: invalid_argument (400 does for 431, 501 and 505 too: Vault's
/// clients tell no more apart). The text names the rule, never what was sent. The connection has to
/// be closed after an error.
///
/// The rules (RFC 9112, RFC 9110 section 5): HTTP/1.1 alone; single spaces in the request line;
/// target in origin form, visible ASCII without `#`; lines end with CR LF, no bare CR or LF, no
/// folding, no space before the colon; names are tokens, values hold no control characters but tab;
/// Host there (it may be empty: the vault CLI sends it so over Unix sockets); Content-Length of
/// digits alone, Transfer-Encoding exactly `chunked`, never both; none of the headers that we act
/// upon comes twice.
[[nodiscard]] Result<void> check_head(std::string_view raw_head);

}  // namespace coffer::faces::vault
