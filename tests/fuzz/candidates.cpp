// Any file that someone scans: candidates lie within its text or come from an escape or a PEM block
// in it, are within their bounds, and are no more than two for each byte (with a line's signs too).
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "src/cli/candidates.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coffer;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::size_t lines = 1;
  for (const char c : text) lines += c == '\n' ? 1 : 0;
  std::size_t seen = 0;
  cli::each_candidate(text, [&](std::string_view value, std::size_t line) {
    require(value.size() >= cli::kLeastCandidate && value.size() <= cli::kMostCandidate);
    require(line >= 1 && line <= lines);
    const bool within =
        value.data() >= text.data() && value.data() + value.size() <= text.data() + size;
    require(within || text.find('\\') != std::string_view::npos ||
            text.find("-----BEGIN ") != std::string_view::npos);
    ++seen;
  });
  require(seen <= 2 * size + 2);
  return 0;
}
