// The parser of checkpoints, and of verifier keys, of logs and of witnesses: any bytes.
#include "coffer/audit/checkpoint.h"

#include <cstdlib>

#include "coffer/audit/cosignature.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coffer::audit;
  const std::string_view text = coffer::as_text({data, size});
  std::size_t taken = 0;
  for (const std::string_view note : split_notes(text)) {
    taken += note.size();
    const auto parsed = parse_checkpoint(note);
    if (!parsed.ok()) continue;
    // What is signed is how the note begins: nothing that isn't covered may be read out of it.
    if (!note.starts_with(parsed->text) || parsed->signatures.empty()) std::abort();
    std::vector<NoteKey> keys;
    std::vector<Cosigner> witnesses;
    for (const NoteSignature& signature : parsed->signatures) {
      keys.push_back({signature.name, signature.id, coffer::Bytes(91)});
      witnesses.push_back({signature.name, signature.id, coffer::Bytes(32, 9)});
      if (to_line(signature).find(signature.name) == std::string::npos) std::abort();
    }
    if (verify_cosignatures(*parsed, witnesses).ok()) std::abort();
    if (verify_checkpoint(*parsed, keys).ok()) std::abort();
  }
  if (taken > text.size()) std::abort();
  const auto key = parse_note_key(text);
  if (key.ok() && to_text(*key) != text) std::abort();
  const auto witness = parse_cosigner(text);
  if (witness.ok() && witness->key.size() != 32) std::abort();
  return 0;
}
