#include "coffer/audit/trail.h"
#include "coffer/crypto/digest.h"
#include "line.h"

namespace coffer::audit {

Hasher::Hasher(SecureBytes key, std::uint32_t key_version)
    : key_(std::move(key)), key_version_(key_version) {}

void Hasher::append(std::string& out, std::string_view value) const {
  out += "hmac-sha256:";
  const auto hash = crypto::hmac_sha256(key_.expose(Reveal{"hash audit values"}), as_bytes(value));
  // Never the value instead, and never nothing, which would look like a format of its own.
  if (!hash.ok()) {
    out += "failed";
    return;
  }
  out += view(hex_text(*hash));
}

}  // namespace coffer::audit
