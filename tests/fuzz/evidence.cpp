// The parsers of notes, manifests of evidence and attestations: any bytes.
#include "coffer/audit/evidence.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coffer::audit;
  const std::string text(coffer::as_text({data, size}));
  const auto manifest = parse_manifest(text);
  // One spelling each: what was signed can't be read in two ways.
  if (manifest.ok() && *manifest_text(*manifest) != text) std::abort();
  const auto file = parse_evidence_file(text);
  if (file.ok() && to_text(*file) != text) std::abort();
  if (file.ok() && (file->name.front() == '/' || file->name.find("..") == 0)) std::abort();
  TrustedKeys keys;
  keys.bare.push_back(coffer::Bytes(91));
  if (verify_attestation(text, keys).ok()) std::abort();
  const auto note = parse_note(text);
  if (note.ok()) {
    if (!text.starts_with(note->text) || note->signatures.empty()) std::abort();
    const auto report = verify_evidence({{{std::string(kManifestName), text}}}, keys);
    if (report.ok() && report->flaws.empty()) std::abort();
  }
  return 0;
}
