// The parser of checkpoints, and of verifier keys: any bytes.
#include "coffer/audit/checkpoint.h"

#include <cstdlib>

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
    for (const NoteSignature& signature : parsed->signatures) {
      keys.push_back({signature.name, signature.id, coffer::Bytes(91)});
    }
    if (verify_checkpoint(*parsed, keys).ok()) std::abort();
  }
  if (taken > text.size()) std::abort();
  const auto key = parse_note_key(text);
  if (key.ok() && to_text(*key) != text) std::abort();
  return 0;
}
