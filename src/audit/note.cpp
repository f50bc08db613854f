#include "coffer/audit/note.h"

#include <algorithm>
#include <optional>

#include "coffer/crypto/der_signature.h"
#include "take_line.h"

namespace coffer::audit {
namespace {

constexpr std::string_view kDash = "\xE2\x80\x94 ";  // U+2014 and a space
constexpr std::size_t kIdSize = 4;
constexpr std::size_t kP256SignatureSize = 64;

Error broken(std::string_view what) { return make_error(ErrorCode::corrupt, what); }

Result<NoteSignature> parse_signature(std::string_view line) {
  const auto wrong = [] { return broken("a signature line must be a dash, a name, and base64"); };
  if (!line.starts_with(kDash)) return wrong();
  line.remove_prefix(kDash.size());
  const std::size_t space = line.find(' ');
  if (space == 0 || space == std::string_view::npos) return wrong();
  const auto bytes = from_base64(line.substr(space + 1));
  if (!bytes.ok() || bytes->size() <= kIdSize) return wrong();
  NoteSignature signature{std::string(line.substr(0, space)), 0, {}};
  for (std::size_t i = 0; i < kIdSize; ++i) signature.id = (signature.id << 8U) | (*bytes)[i];
  signature.bytes.assign(bytes->begin() + kIdSize, bytes->end());
  return signature;
}

/// r ‖ s out of ECDSA-Sig-Value, if that is spelt as DER demands.
std::optional<Bytes> raw_signature(ByteView der) {
  constexpr std::size_t kNumber = 32;
  Bytes raw(2 * kNumber, 0);
  std::size_t at = 2;
  for (std::size_t i = 0; i < 2; ++i) {
    if (at + 2 > der.size()) return std::nullopt;
    std::size_t size = der[at + 1];
    at += 2;
    if (size == 0 || size > kNumber + 1 || at + size > der.size()) return std::nullopt;
    ByteView number = der.subspan(at, size);
    at += size;
    if (number.size() == kNumber + 1) number = number.subspan(1);
    std::copy(number.begin(), number.end(),
              raw.begin() + static_cast<std::ptrdiff_t>((i + 1) * kNumber - number.size()));
  }
  const auto again = crypto::der_signature(raw);
  if (!again.ok() || !std::equal(again->begin(), again->end(), der.begin(), der.end())) {
    return std::nullopt;
  }
  return raw;
}

Result<void> verify_one(const NoteKey& key, std::string_view text, ByteView signature) {
  COFFER_TRY(const std::size_t size, crypto::signature_size(key.spki));
  if (size != kP256SignatureSize) return crypto::verify(key.spki, as_bytes(text), signature);
  const auto raw = raw_signature(signature);
  if (!raw) return broken("the signature is no ECDSA-Sig-Value");
  return crypto::verify(key.spki, as_bytes(text), *raw);
}

}  // namespace

std::string to_line(const NoteSignature& signature) {
  Bytes bytes;
  for (std::size_t i = 0; i < kIdSize; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(signature.id >> (24 - 8 * i)));
  }
  bytes.insert(bytes.end(), signature.bytes.begin(), signature.bytes.end());
  return std::string(kDash)
      .append(signature.name)
      .append(" ")
      .append(to_base64(bytes))
      .append("\n");
}

Result<std::string> sign_note(std::string_view text, crypto::Signer& signer) {
  if (!text.ends_with('\n')) {
    return make_error(ErrorCode::invalid_argument, "a note's text must end in a line break");
  }
  COFFER_TRY(const NoteKey key, note_key(text.substr(0, text.find('\n')), signer.public_key()));
  COFFER_TRY(Bytes signature, signer.sign(as_bytes(text)));
  if (signature.size() == kP256SignatureSize) {
    COFFER_TRY(signature, crypto::der_signature(signature));
  }
  std::string note(text);
  return note.append("\n").append(to_line({key.name, key.id, std::move(signature)}));
}

Result<std::vector<NoteSignature>> parse_signatures(std::string_view lines) {
  std::vector<NoteSignature> signatures;
  while (!lines.empty()) {
    const auto line = take_line(lines);
    if (!line) return broken("a note must end in a line break");
    if (signatures.size() == kMaxSignatures) return broken("a note has at most 64 signatures");
    COFFER_TRY(NoteSignature signature, parse_signature(*line));
    signatures.push_back(std::move(signature));
  }
  if (signatures.empty()) return broken("a note must have a signature");
  return signatures;
}

Result<SignedNote> parse_note(std::string_view note) {
  if (note.size() > kMaxNote) return broken("a note has at most 128 KiB");
  const std::size_t end = note.rfind("\n\n");
  if (end == std::string_view::npos || end == 0) {
    return broken("a note must be a text, an empty line, signatures");
  }
  SignedNote out;
  out.text = note.substr(0, end + 1);
  COFFER_TRY(out.signatures, parse_signatures(note.substr(end + 2)));
  return out;
}

Result<std::size_t> verify_note(std::string_view text, std::span<const NoteSignature> signatures,
                                std::span<const NoteKey> keys) {
  std::optional<std::size_t> found;
  for (const NoteSignature& signature : signatures) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (keys[i].name != signature.name || keys[i].id != signature.id) continue;
      COFFER_CHECK(verify_one(keys[i], text, signature.bytes));
      if (!found) found = i;
    }
  }
  if (found) return *found;
  return make_error(ErrorCode::not_found, "none of the keys given signed it");
}

std::string attestation_label(const Uuid& vault) {
  return "coffer-attestation/" + to_string(vault);
}
std::string evidence_label(const Uuid& vault) { return "coffer-evidence/" + to_string(vault); }

}  // namespace coffer::audit
