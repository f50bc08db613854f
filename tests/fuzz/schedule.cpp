// Times of a rotation come from requests: any text is a schedule or an error, and its times go up.
#include <cstdlib>

#include "coffer/lifecycle/schedule.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coffer;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  const std::string_view zone =
      line == std::string_view::npos ? std::string_view() : text.substr(line + 1);
  const auto schedule = lifecycle::Schedule::parse(text.substr(0, line), zone);
  if (!schedule.ok()) return 0;
  WallTime time{std::chrono::seconds(1'792'000'000)};
  for (int i = 0; i < 3; ++i) {
    const auto next = schedule->next(time);
    if (!next.ok() || *next <= time) std::abort();
    time = *next;
  }
  return 0;
}
