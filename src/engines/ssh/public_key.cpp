#include "public_key.h"

#include <algorithm>
#include <array>
#include <bit>

#include "coffer/base/codec.h"
#include "coffer/crypto/ed25519.h"

namespace coffer::engines::ssh {
namespace {

constexpr std::size_t kMaxLine = std::size_t{16} * 1024;
constexpr std::size_t kMinRsaBits = 2048;
constexpr std::size_t kMaxRsaBits = 16384;
constexpr std::size_t kMaxExponentBits = 64;
constexpr std::size_t kMaxApplication = 1024;

Error wrong(std::string_view rule) {
  return make_error(ErrorCode::invalid_argument,
                    std::string("field \"public_key\": ").append(rule));
}

struct Known {
  std::string_view name;
  std::string_view certificate;
  KeyType type;
  std::uint32_t bits;
  std::string_view curve;
};

// PROTOCOL.certkeys and PROTOCOL.u2f of OpenSSH.
constexpr std::array<Known, 7> kKnown{{
    {"ssh-rsa", "ssh-rsa-cert-v01@openssh.com", KeyType::rsa, 0, ""},
    {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256-cert-v01@openssh.com", KeyType::ecdsa, 256,
     "nistp256"},
    {"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384-cert-v01@openssh.com", KeyType::ecdsa, 384,
     "nistp384"},
    {"ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521-cert-v01@openssh.com", KeyType::ecdsa, 521,
     "nistp521"},
    {"ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com", KeyType::ed25519, 256, ""},
    {"sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
     KeyType::ecdsa_sk, 256, "nistp256"},
    {"sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519-cert-v01@openssh.com", KeyType::ed25519_sk, 256,
     ""},
}};

constexpr std::array<std::string_view, 6> kTypes = {"",        "rsa",      "ecdsa",
                                                    "ed25519", "ecdsa-sk", "ed25519-sk"};

/// RFC 4251 section 5: a positive number in its shortest form. Its size in bits.
Result<std::size_t> mpint_bits(Reader& reader) {
  COFFER_TRY(ByteView bytes, reader.blob());
  if (bytes.empty() || (bytes[0] & 0x80U) != 0) return wrong("a number isn't positive");
  if (bytes[0] == 0) {
    if (bytes.size() == 1 || (bytes[1] & 0x80U) == 0) return wrong("a number has leading zeros");
    bytes = bytes.subspan(1);
  }
  return (bytes.size() - 1) * 8 + static_cast<std::size_t>(std::bit_width(bytes[0]));
}

Result<void> read_rsa(Reader& reader, PublicKey& key) {
  COFFER_TRY(const std::size_t exponent, mpint_bits(reader));
  COFFER_TRY(const std::size_t modulus, mpint_bits(reader));
  if (exponent < 2 || exponent > kMaxExponentBits) return wrong("an odd RSA exponent");
  if (modulus < kMinRsaBits || modulus > kMaxRsaBits) {
    return wrong("RSA has to have 2048 to 16384 bits");
  }
  key.bits = static_cast<std::uint32_t>(modulus);
  return {};
}

Result<void> read_point(Reader& reader, const Known& known) {
  COFFER_TRY(const std::string_view curve, reader.text());
  COFFER_TRY(const ByteView point, reader.blob());
  const std::size_t size = 1 + 2 * ((known.bits + 7) / 8);
  // SEC 1 section 2.3.3: 4 is a point that isn't compressed; others don't occur in SSH.
  if (curve != known.curve || point.size() != size || point[0] != 4) {
    return wrong("no point of the curve that it names");
  }
  return {};
}

Result<void> read_fields(Reader& reader, const Known& known, PublicKey& key) {
  if (known.type == KeyType::rsa) return read_rsa(reader, key);
  if (!known.curve.empty()) {
    COFFER_CHECK(read_point(reader, known));
  } else {
    COFFER_TRY(const ByteView point, reader.blob());
    if (const auto checked = crypto::check_ed25519_key(point); !checked.ok()) {
      return wrong(checked.error().text);
    }
  }
  if (known.type != KeyType::ecdsa_sk && known.type != KeyType::ed25519_sk) return {};
  COFFER_TRY(const std::string_view application, reader.text());
  if (application.size() > kMaxApplication) return wrong("an application of over 1024 bytes");
  return {};
}

std::string_view next_word(std::string_view& line) {
  const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  return word;
}

Result<PublicKey> parse_blob(const Known& known, Bytes blob) {
  Reader reader(blob);
  const auto type = reader.text();
  if (!type.ok() || *type != known.name) return wrong("the base64 is of another type");
  PublicKey key;
  key.type = known.type;
  key.bits = known.bits;
  key.certificate = known.certificate;
  key.fields = to_bytes(ByteView(blob).last(reader.remaining()));
  const auto read = read_fields(reader, known, key);
  if (!read.ok()) {
    return read.error().code == ErrorCode::corrupt ? wrong("the base64 is cut off") : read.error();
  }
  if (!reader.finish().ok()) return wrong("the base64 goes on after the key");
  key.blob = std::move(blob);
  return key;
}

}  // namespace

Result<PublicKey> parse_public_key(std::string_view line) {
  if (line.size() > kMaxLine) return wrong("over 16 KiB");
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (line.find_first_of(std::string_view("\n\r\0", 3)) != std::string_view::npos) {
    return wrong("more than one line");
  }
  const std::string_view name = next_word(line);
  const std::string_view coded = next_word(line);
  const auto* known = std::find_if(kKnown.begin(), kKnown.end(),
                                   [name](const Known& one) { return one.name == name; });
  if (known == kKnown.end()) {
    return wrong(
        "unknown type of key: wanted ssh-rsa, ecdsa-sha2-nistp256, -384 or -521, "
        "ssh-ed25519 or these of a security key");
  }
  auto blob = from_base64(coded);
  if (!blob.ok()) return wrong("the second word isn't base64");
  return parse_blob(*known, *std::move(blob));
}

std::string_view to_string(KeyType type) { return kTypes.at(static_cast<std::size_t>(type)); }

std::optional<KeyType> key_type_of(std::string_view name) {
  const auto* known = std::find_if(kKnown.begin(), kKnown.end(),
                                   [name](const Known& one) { return one.name == name; });
  if (known != kKnown.end()) return known->type;
  if (name == "ec") return KeyType::ecdsa;
  const auto* found = std::find(kTypes.begin() + 1, kTypes.end(), name);
  if (found == kTypes.end()) return std::nullopt;
  return static_cast<KeyType>(found - kTypes.begin());
}

}  // namespace coffer::engines::ssh
