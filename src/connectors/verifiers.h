// What a database stores of a password, made on our side, so that no statement carries the
// password.
#pragma once

#include <cstdint>
#include <string>

#include "coffer/base/secure_bytes.h"

namespace coffer::connectors {

/// RFC 7677 section 4 asks for at least so many.
inline constexpr std::uint32_t kScramIterations = 4096;
inline constexpr std::size_t kScramSalt = 16;

/// PostgreSQL's form of a SCRAM-SHA-256 verifier (RFC 5802 section 3):
/// SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY. The password is printable ASCII, of which
/// SASLprep (RFC 4013) changes nothing; another is invalid_argument.
[[nodiscard]] Result<std::string> scram_verifier(const SecureBytes& password, ByteView salt,
                                                 std::uint32_t iterations);
/// With a salt of its own.
[[nodiscard]] Result<std::string> scram_verifier(const SecureBytes& password);

/// mysql_native_password: '*' and SHA1(SHA1(password)) in upper-case hexadecimal.
[[nodiscard]] Result<std::string> native_password_hash(const SecureBytes& password);

/// Redis' ACL form: '#' and SHA-256 in hexadecimal.
[[nodiscard]] Result<std::string> redis_password_hash(const SecureBytes& password);

}  // namespace coffer::connectors
