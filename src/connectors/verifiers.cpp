#include "verifiers.h"

#include <algorithm>
#include <array>

#include "coffer/crypto/digest.h"
#include "coffer/crypto/password_hash.h"
#include "coffer/crypto/random.h"

namespace coffer::connectors {
namespace {

constexpr Reveal kWhy{"a database's verifier is made of it"};

bool is_printable_ascii(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](auto b) { return b >= 0x20 && b <= 0x7E; });
}

}  // namespace

Result<std::string> scram_verifier(const SecureBytes& password, ByteView salt,
                                   std::uint32_t iterations) {
  const ByteView clear = password.expose(kWhy);
  if (clear.empty() || !is_printable_ascii(clear)) {
    return make_error(ErrorCode::invalid_argument, "a password for PostgreSQL is printable ASCII");
  }
  COFFER_TRY(crypto::Sha256 salted, crypto::pbkdf2_sha256(clear, salt, iterations));
  COFFER_TRY(crypto::Sha256 client, crypto::hmac_sha256(salted, as_bytes("Client Key")));
  COFFER_TRY(const crypto::Sha256 stored, crypto::sha256(client));
  COFFER_TRY(const crypto::Sha256 server, crypto::hmac_sha256(salted, as_bytes("Server Key")));
  // Whoever has one of these can log in as the user.
  wipe(salted);
  wipe(client);
  return "SCRAM-SHA-256$" + std::to_string(iterations) + ":" + to_base64(salt) + "$" +
         to_base64(stored) + ":" + to_base64(server);
}

Result<std::string> scram_verifier(const SecureBytes& password) {
  std::array<std::uint8_t, kScramSalt> salt{};
  COFFER_CHECK(crypto::random_fill(salt));
  return scram_verifier(password, salt, kScramIterations);
}

Result<std::string> native_password_hash(const SecureBytes& password) {
  COFFER_TRY(crypto::Sha1 once, crypto::sha1(password.expose(kWhy)));
  COFFER_TRY(const crypto::Sha1 twice, crypto::sha1(once));
  wipe(once);  // enough to log in with
  std::string hash = "*" + to_hex(twice);
  for (char& c : hash) {
    if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
  }
  return hash;
}

Result<std::string> redis_password_hash(const SecureBytes& password) {
  COFFER_TRY(const crypto::Sha256 hash, crypto::sha256(password.expose(kWhy)));
  return "#" + to_hex(hash);
}

}  // namespace coffer::connectors
