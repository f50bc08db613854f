// What an operator's program writes is a stranger's text: it becomes a step's end or nothing.
#include <cstdlib>

#include "coffer/model/fields.h"
#include "src/programs/answer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coffer;
  if (size == 0) return 0;
  programs::Ran ran;
  ran.end = programs::Ran::End::exited;
  ran.status = data[0] & 1;
  ran.output.assign(reinterpret_cast<const char*>(data) + 1, size - 1);
  for (const auto step : {lifecycle::RotationStep::create, lifecycle::RotationStep::set}) {
    const auto result = programs::judge(step, ran);
    const bool done = result.end == lifecycle::StepEnd::done;
    if (done && ran.status != 0) std::abort();
    if (!done && (result.why.empty() || !result.value.empty())) std::abort();
    if (!result.value.empty() && !model::Fields::parse(result.value).ok()) std::abort();
  }
  return 0;
}
