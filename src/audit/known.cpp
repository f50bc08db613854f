#include "coffer/audit/known.h"

#include <algorithm>

namespace coffer::audit {

Result<void> add_keys(TrustedKeys& keys, std::string_view file) {
  if (file.find("-----BEGIN") != std::string_view::npos) {
    COFFER_TRY(Bytes spki, crypto::spki_from_pem(file));
    keys.bare.push_back(std::move(spki));
    return {};
  }
  const std::size_t before = keys.named.size();
  while (!file.empty()) {
    const std::size_t end = std::min(file.find('\n'), file.size());
    if (end != 0) {
      COFFER_TRY(NoteKey key, parse_note_key(file.substr(0, end)));
      keys.named.push_back(std::move(key));
    }
    file.remove_prefix(std::min(end + 1, file.size()));
  }
  if (keys.named.size() != before) return {};
  return make_error(ErrorCode::invalid_argument, "the file holds no public key");
}

Result<void> add_checkpoints(std::vector<Checkpoint>& known, std::string_view file,
                             const TrustedKeys& keys) {
  std::size_t number = 0;
  for (const std::string_view text : split_notes(file)) {
    ++number;
    const auto bad = [&](const Error& why) {
      return make_error(ErrorCode::corrupt,
                        "checkpoint " + std::to_string(number) + " of the file: " + why.text);
    };
    const auto note = parse_checkpoint(text);
    if (!note.ok()) return bad(note.error());
    std::vector<NoteKey> all = keys.named;
    for (const Bytes& spki : keys.bare) {
      const auto key = note_key(note->checkpoint.origin, spki);
      if (!key.ok()) return bad(key.error());
      all.push_back(*key);
    }
    const auto verified = verify_checkpoint(*note, all);
    if (!verified.ok()) return bad(verified.error());
    known.push_back(note->checkpoint);
  }
  if (number != 0) return {};
  return make_error(ErrorCode::corrupt, "the file holds no checkpoint");
}

}  // namespace coffer::audit
