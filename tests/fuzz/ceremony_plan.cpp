// A plan's text: whatever it is, it is read or refused, with an error that is fit for a terminal.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "src/ceremony/steps.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coffer::ceremony;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto plan = parse_plan(text);
  if (!plan.ok()) {
    const std::string& said = plan.error().text;
    const bool plain = std::all_of(said.begin(), said.end(),
                                   [](char c) { return static_cast<unsigned char>(c) >= 0x20; });
    if (!plain || said.size() > 4096) std::abort();
    return 0;
  }
  if (plan->people.size() < 2 || steps_of(*plan).size() < 3 || plan->text != text) std::abort();
  return 0;
}
