// OpenSSH certificates: PROTOCOL.certkeys of OpenSSH, version 01.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "public_key.h"

namespace coffer::engines::ssh {

enum class CertificateType : std::uint32_t { user = 1, host = 2 };

/// Options and extensions: in the order of their names, as the format demands.
using Options = std::map<std::string, std::string>;

struct Certificate {
  PublicKey key;
  Bytes nonce;  ///< 32 random bytes
  std::uint64_t serial = 0;
  CertificateType type = CertificateType::user;
  std::string key_id;
  std::vector<std::string> principals;
  std::uint64_t valid_after = 0;   ///< Unix time
  std::uint64_t valid_before = 0;  ///< Unix time; from then on it isn't valid
  Options critical_options;
  Options extensions;
};

/// What the CA signs; `ca` is the CA's key as ca_blob() makes it.
[[nodiscard]] Bytes to_be_signed(const Certificate& certificate, ByteView ca);
/// "ssh-ed25519-cert-v01@openssh.com AAAA…\n". `signature` is r ‖ s, 64 bytes.
[[nodiscard]] std::string signed_certificate(const Certificate& certificate, ByteView tbs,
                                             ByteView signature);

/// A P-256 point (65 bytes) as an SSH key, RFC 5656 section 3.1.
[[nodiscard]] Bytes ca_blob(ByteView point);
/// "ecdsa-sha2-nistp256 AAAA…\n".
[[nodiscard]] std::string ca_line(ByteView point);

}  // namespace coffer::engines::ssh
