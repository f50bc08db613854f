// Names and ids of the keys of notes: c2sp.org/signed-note, "Signature types".
#include <algorithm>

#include "coffer/audit/note.h"
#include "coffer/crypto/digest.h"

namespace coffer::audit {
namespace {

/// ECDSA: the id is the beginning of SHA-256 over the key's DER alone.
constexpr std::uint8_t kEcdsa = 0x02;
/// A type without a number of its own is 0xff and a name that collides with no other.
constexpr std::uint8_t kNamed = 0xFF;
constexpr std::string_view kPss = "coffer-rsa-pss-sha256";
constexpr std::size_t kP256SignatureSize = 64;
constexpr std::size_t kMaxName = 256;

Error invalid(std::string_view what) { return make_error(ErrorCode::invalid_argument, what); }

/// The note forbids Unicode's spaces and plus; we know only names of printable ASCII.
bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return c > ' ' && c < '\x7f' && c != '+'; });
}

/// Type and key, as they stand in a verifier key.
Result<std::string> encoded(ByteView spki) {
  COFFER_TRY(const std::size_t size, crypto::signature_size(spki));
  std::string out;
  if (size == kP256SignatureSize) {
    out.push_back(static_cast<char>(kEcdsa));
  } else {
    out.push_back(static_cast<char>(kNamed));
    out.append(kPss);
  }
  return out.append(as_text(spki));
}

std::uint32_t first_four(const crypto::Sha256& hash) {
  std::uint32_t id = 0;
  for (std::size_t i = 0; i < 4; ++i) id = (id << 8U) | hash[i];
  return id;
}

std::string hex_id(std::uint32_t id) {
  std::array<std::uint8_t, 4> bytes{};
  for (std::size_t i = 0; i < 4; ++i) bytes[i] = static_cast<std::uint8_t>(id >> (24 - 8 * i));
  return to_hex(bytes);
}

}  // namespace

Result<NoteKey> note_key(std::string_view name, ByteView spki) {
  if (!is_name(name)) return invalid("a key's name must be printable ASCII without space and plus");
  COFFER_TRY(const std::string key, encoded(spki));
  if (static_cast<std::uint8_t>(key.front()) == kEcdsa) {
    COFFER_TRY(const crypto::Sha256 hash, crypto::sha256(spki));
    return NoteKey{std::string(name), first_four(hash), to_bytes(spki)};
  }
  const std::string named = std::string(name).append("\n").append(key);
  COFFER_TRY(const crypto::Sha256 hash, crypto::sha256(as_bytes(named)));
  return NoteKey{std::string(name), first_four(hash), to_bytes(spki)};
}

std::string to_text(const NoteKey& key) {
  const auto bytes = encoded(key.spki);
  return key.name + "+" + hex_id(key.id) + "+" +
         (bytes.ok() ? to_base64(as_bytes(*bytes)) : std::string());
}

Result<NoteKey> parse_note_key(std::string_view text) {
  const std::size_t first = text.find('+');
  const std::size_t second = first == std::string_view::npos ? first : text.find('+', first + 1);
  if (second == std::string_view::npos) return invalid("a verifier key must be NAME+ID+KEY");
  auto bytes = from_base64(text.substr(second + 1));
  if (!bytes.ok() || bytes->empty()) return invalid("a verifier key must end in its key in base64");
  std::size_t type = 1;
  if (bytes->front() == kNamed && as_text(*bytes).substr(1).starts_with(kPss)) {
    type += kPss.size();
  } else if (bytes->front() != kEcdsa) {
    return invalid("a verifier key must be for ECDSA or RSASSA-PSS");
  }
  COFFER_TRY(NoteKey key, note_key(text.substr(0, first), ByteView(*bytes).subspan(type)));
  // Whatever was spelt otherwise, or says another id or type than the key has.
  if (to_text(key) != text) return invalid("a verifier key's id and type must be those of its key");
  return key;
}

}  // namespace coffer::audit
