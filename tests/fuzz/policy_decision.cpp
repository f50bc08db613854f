// Policies and questions made of the input's bytes: the compiled decision says what the naive
// reference says (tests/fakes/policy_reference.h).
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "fakes/policy_cases.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto found = coffer::fakes::disagreement(coffer::fakes::case_of({data, size}));
  if (found.empty()) return 0;
  std::fprintf(stderr, "%s\n", found.c_str());
  std::abort();
}
