#include "coffer/audit/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "take_line.h"

namespace coffer::audit {
namespace {

constexpr std::string_view kDash = "\xE2\x80\x94 ";  // U+2014 and a space

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

}  // namespace

std::string log_origin(const Uuid& node) { return "coffer-audit/" + to_string(node); }

Result<std::string> sign_checkpoint(const Checkpoint& checkpoint, crypto::Signer& signer) {
  return sign_note(text_of(checkpoint), signer);
}

Result<SignedCheckpoint> parse_checkpoint(std::string_view note) {
  if (note.size() > kMaxNote) return broken("a note has at most 128 KiB");
  SignedCheckpoint out;
  std::string_view rest = note;
  COFFER_TRY(out.checkpoint, parse_text(rest));
  out.text = note.substr(0, note.size() - rest.size() - 1);
  COFFER_TRY(out.signatures, parse_signatures(rest));
  return out;
}

Result<std::size_t> verify_checkpoint(const SignedCheckpoint& note, std::span<const NoteKey> keys) {
  return verify_note(note.text, note.signatures, keys);
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
