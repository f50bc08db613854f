// The reader and verifier of audit segments: any bytes, read in pieces of any size.
#include <cstdlib>

#include "coffer/audit/verify.h"

namespace {

bool same(const coffer::audit::Inspection& a, const coffer::audit::Inspection& b) {
  return a.good.lines == b.good.lines && a.good.head == b.good.head &&
         a.good.open_requests == b.good.open_requests && a.flaw.has_value() == b.flaw.has_value() &&
         (!a.flaw || (a.flaw->line == b.flaw->line && a.flaw->what == b.flaw->what));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t chunk = data[0] + std::size_t{1};
  const coffer::ByteView segment(data + 1, size - 1);
  const auto whole = coffer::audit::inspect_segment(segment, 1, size + 1);
  const auto pieces = coffer::audit::inspect_segment(segment, 1, chunk);
  // What is said of a log must not depend on how its bytes arrive.
  if (!same(whole, pieces)) std::abort();
  if (whole.good.last_sequence < whole.good.lines) std::abort();
  return 0;
}
