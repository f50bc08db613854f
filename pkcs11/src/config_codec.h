// TokenConfig in a packet: of the worker's protocol, and of the supervisor's.
#pragma once

#include "coffer/base/codec.h"
#include "coffer/pkcs11/token.h"

namespace coffer::pkcs11 {

/// too_large if a text is over kMaxConfigText.
[[nodiscard]] Result<void> write_config(Writer& writer, const TokenConfig& config);
/// corrupt.
[[nodiscard]] Result<TokenConfig> read_config(Reader& reader);

/// corrupt if it is longer.
[[nodiscard]] Result<ByteView> read_limited(Reader& reader, std::size_t limit);
[[nodiscard]] Result<std::string> read_text(Reader& reader, std::size_t limit);

}  // namespace coffer::pkcs11
