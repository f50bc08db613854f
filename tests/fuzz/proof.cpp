// The parsers of proofs, and of the file `signers`: any bytes.
#include "coffer/audit/proof.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coffer::audit;
  const std::string_view text = coffer::as_text({data, size});
  TrustedKeys keys;
  keys.bare.emplace_back(91);
  // Each has one spelling, and none proves a thing with a key that signed nothing.
  if (const auto proof = parse_line_proof(text); proof.ok()) {
    if (to_text(*proof) != text || check(*proof, proof->line, keys).ok()) std::abort();
  }
  if (const auto proof = parse_growth_proof(text); proof.ok()) {
    if (to_text(*proof) != text) std::abort();
    const auto note = parse_checkpoint(proof->checkpoint);
    if (!note.ok() || check(*proof, *note, keys).ok()) std::abort();
  }
  if (const auto periods = parse_signers(text); periods.ok()) {
    for (const KeyPeriod& period : *periods) {
      if (period.until < period.since) std::abort();
    }
  }
  return 0;
}
