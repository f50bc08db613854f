// The two messages that both protocols have.
#pragma once

#include "coffer/base/codec.h"
#include "coffer/pkcs11/worker_protocol.h"

namespace coffer::pkcs11 {

[[nodiscard]] Result<void> write(Writer& writer, Parts& parts, const Opening& opening);
[[nodiscard]] Result<void> write(Writer& writer, Parts& parts, const Initialising& token);
[[nodiscard]] Result<Opening> read_opening(Reader& reader);
[[nodiscard]] Result<Initialising> read_initialising(Reader& reader);

/// too_large: "… is over its limit".
[[nodiscard]] Result<void> check_limit(std::size_t size, std::size_t most, std::string_view what);

}  // namespace coffer::pkcs11
