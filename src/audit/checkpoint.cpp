#include "coffer/audit/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "coffer/crypto/der_signature.h"
#include "take_line.h"

namespace coffer::audit {
namespace {

constexpr std::string_view kDash = "\xE2\x80\x94 ";  // U+2014 and a space
constexpr std::size_t kIdSize = 4;
constexpr std::size_t kP256SignatureSize = 64;

Error broken(std::string_view what) { return make_error(ErrorCode::corrupt, what); }

std::string text_of(const Checkpoint& checkpoint) {
  return checkpoint.origin + "\n" + std::to_string(checkpoint.size) + "\n" +
         to_base64(checkpoint.root) + "\n";
}

Result<Checkpoint> parse_text(std::string_view& rest) {
  const auto origin = take_line(rest);
  const auto size = origin ? take_line(rest) : std::nullopt;
  const auto root = size ? take_line(rest) : std::nullopt;
  const auto empty = root ? take_line(rest) : std::nullopt;
  if (!empty) return broken("a checkpoint must be origin, size, root, an empty line, signatures");
  if (!empty->empty()) return broken("a checkpoint of this log has no extension lines");
  const bool plain =
      std::all_of(origin->begin(), origin->end(), [](char c) { return c >= ' ' && c < '\x7f'; });
  if (origin->empty() || !plain) return broken("a checkpoint's origin must be printable ASCII");
  Checkpoint checkpoint;
  checkpoint.origin = *origin;
  const auto read = std::from_chars(size->data(), size->data() + size->size(), checkpoint.size);
  if (read.ec != std::errc() || std::to_string(checkpoint.size) != *size) {
    return broken("a checkpoint's size must be a decimal number");
  }
  const auto hash = from_base64(*root);
  if (!hash.ok() || hash->size() != checkpoint.root.size()) {
    return broken("a checkpoint's root must be 32 bytes in base64");
  }
  std::copy(hash->begin(), hash->end(), checkpoint.root.begin());
  return checkpoint;
}

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

std::string log_origin(const Uuid& node) { return "coffer-audit/" + to_string(node); }

Result<std::string> sign_checkpoint(const Checkpoint& checkpoint, crypto::Signer& signer) {
  COFFER_TRY(const NoteKey key, note_key(checkpoint.origin, signer.public_key()));
  std::string note = text_of(checkpoint);
  COFFER_TRY(Bytes signature, signer.sign(as_bytes(note)));
  if (signature.size() == kP256SignatureSize) {
    COFFER_TRY(signature, crypto::der_signature(signature));
  }
  Bytes bytes;
  for (std::size_t i = 0; i < kIdSize; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(key.id >> (24 - 8 * i)));
  }
  bytes.insert(bytes.end(), signature.begin(), signature.end());
  note.append("\n").append(kDash).append(key.name).append(" ");
  return note.append(to_base64(bytes)).append("\n");
}

Result<SignedCheckpoint> parse_checkpoint(std::string_view note) {
  if (note.size() > kMaxNote) return broken("a note has at most 128 KiB");
  SignedCheckpoint out;
  std::string_view rest = note;
  COFFER_TRY(out.checkpoint, parse_text(rest));
  out.text = note.substr(0, note.size() - rest.size() - 1);
  while (!rest.empty()) {
    const auto line = take_line(rest);
    if (!line) return broken("a note must end in a line break");
    if (out.signatures.size() == kMaxSignatures) return broken("a note has at most 64 signatures");
    COFFER_TRY(NoteSignature signature, parse_signature(*line));
    out.signatures.push_back(std::move(signature));
  }
  if (out.signatures.empty()) return broken("a note must have a signature");
  return out;
}

Result<std::size_t> verify_checkpoint(const SignedCheckpoint& note, std::span<const NoteKey> keys) {
  std::optional<std::size_t> found;
  for (const NoteSignature& signature : note.signatures) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (keys[i].name != signature.name || keys[i].id != signature.id) continue;
      COFFER_CHECK(verify_one(keys[i], note.text, signature.bytes));
      if (!found) found = i;
    }
  }
  if (found) return *found;
  return make_error(ErrorCode::not_found, "none of the keys given signed the checkpoint");
}

std::vector<std::string_view> split_notes(std::string_view text) {
  std::vector<std::string_view> notes;
  std::size_t at = 0;
  while (at < text.size()) {
    if (text[at] == '\n') {
      ++at;
      continue;
    }
    const std::size_t signatures = text.find("\n" + std::string(kDash), at);
    if (signatures == std::string_view::npos) {
      notes.push_back(text.substr(at));
      break;
    }
    std::size_t end = signatures + 1;
    while (text.substr(end).starts_with(kDash)) {
      const std::size_t next = text.find('\n', end);
      end = next == std::string_view::npos ? text.size() : next + 1;
    }
    notes.push_back(text.substr(at, end - at));
    at = end;
  }
  return notes;
}

}  // namespace coffer::audit
