#include "coffer/audit/cosignature.h"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "coffer/crypto/digest.h"
#include "coffer/crypto/ed25519.h"

namespace coffer::audit {
namespace {

/// tlog-cosignature: the type of a key that signs this, which keeps it apart from one of logs.
constexpr char kType = 0x04;
constexpr std::size_t kTimeSize = 8;
constexpr std::size_t kIdSize = 4;
/// Seconds; 2200-01-01. Beyond that nanoseconds since 1970 come to their end.
constexpr std::uint64_t kLatest = 7'258'118'400;

Error invalid(std::string_view what) { return make_error(ErrorCode::invalid_argument, what); }
Error broken(std::string_view what) { return make_error(ErrorCode::corrupt, what); }

bool is_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(),
                                      [](char c) { return c > ' ' && c < '\x7f' && c != '+'; });
}

Result<std::string> id_of(std::string_view name, std::string_view typed_key) {
  const std::string named = std::string(name).append("\n").append(typed_key);
  COFFER_TRY(const crypto::Sha256 hash, crypto::sha256(as_bytes(named)));
  return to_hex(ByteView(hash).first(kIdSize));
}

/// Big-endian.
std::uint64_t number(ByteView bytes) {
  std::uint64_t out = 0;
  for (const std::uint8_t byte : bytes) out = (out << 8U) | byte;
  return out;
}

Result<Cosignature> verify_one(const SignedCheckpoint& note, const NoteSignature& signature,
                               const Cosigner& cosigner) {
  if (signature.bytes.size() != kTimeSize + crypto::kEd25519SignatureSize) {
    return broken("a cosignature must be a time and 64 bytes");
  }
  const ByteView bytes(signature.bytes);
  const std::uint64_t seconds = number(bytes.first(kTimeSize));
  if (seconds > kLatest) return broken("a cosignature's time is out of range");
  const std::string message = "cosignature/v1\ntime " + std::to_string(seconds) + "\n" + note.text;
  COFFER_CHECK(crypto::verify_ed25519(cosigner.key, as_bytes(message), bytes.subspan(kTimeSize)));
  return Cosignature{cosigner.name, WallTime(std::chrono::seconds(seconds)), signature};
}

}  // namespace

Result<Cosigner> parse_cosigner(std::string_view text) {
  const std::size_t first = text.find('+');
  const std::size_t second = first == std::string_view::npos ? first : text.find('+', first + 1);
  if (second == std::string_view::npos) return invalid("a witness' key must be NAME+ID+KEY");
  const std::string_view name = text.substr(0, first);
  const std::string_view id = text.substr(first + 1, second - first - 1);
  if (!is_name(name)) {
    return invalid("a witness' name must be printable ASCII without space and plus");
  }
  const auto bytes = from_base64(text.substr(second + 1));
  if (!bytes.ok() || bytes->size() != 1 + crypto::kEd25519KeySize ||
      as_text(*bytes).front() != kType) {
    return invalid("a witness' key must be of type 4, for Ed25519 cosignatures, in base64");
  }
  if (!crypto::check_ed25519_key(ByteView(*bytes).subspan(1)).ok()) {
    return invalid("a witness' key must not be of small order: anybody can sign with such a key");
  }
  COFFER_TRY(const std::string own, id_of(name, as_text(*bytes)));
  if (id != own) return invalid("a witness' id must be that of its name and key");
  COFFER_TRY(const Bytes id_bytes, from_hex(own));
  return Cosigner{std::string(name), static_cast<std::uint32_t>(number(id_bytes)),
                  Bytes(bytes->begin() + 1, bytes->end())};
}

Result<std::vector<Cosigner>> parse_cosigners(std::string_view file) {
  std::vector<Cosigner> all;
  while (!file.empty()) {
    const std::size_t end = std::min(file.find('\n'), file.size());
    const std::string_view line = file.substr(0, end);
    file.remove_prefix(std::min(end + 1, file.size()));
    if (line.empty()) continue;
    COFFER_TRY(Cosigner one, parse_cosigner(line));
    all.push_back(std::move(one));
  }
  if (all.empty()) return invalid("the file holds no key of a witness");
  return all;
}

Result<std::vector<Cosignature>> verify_cosignatures(const SignedCheckpoint& note,
                                                     std::span<const Cosigner> cosigners) {
  std::vector<Cosignature> found;
  for (const NoteSignature& signature : note.signatures) {
    for (const Cosigner& cosigner : cosigners) {
      if (cosigner.name != signature.name || cosigner.id != signature.id) continue;
      COFFER_TRY(Cosignature one, verify_one(note, signature, cosigner));
      found.push_back(std::move(one));
    }
  }
  if (found.empty()) {
    return make_error(ErrorCode::not_found, "none of the witnesses given signed it");
  }
  return found;
}

}  // namespace coffer::audit
