// Any file that someone scans: candidates are in its text or come from an escape or a PEM block in
// it, are within their bounds, are no more than two for each byte (with a line's signs too), and
// the same if the text comes in parts.
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>

#include "src/cli/candidates.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

/// Of all of them and their lines, in their order.
std::size_t mixed(std::size_t before, std::string_view value, std::size_t line) {
  return (before * 31 + std::hash<std::string_view>()(value)) * 31 + line;
}

std::size_t mix_of_parts(std::string_view text) {
  std::size_t mix = 0;
  coffer::cli::CandidateStream stream(
      [&](std::string_view value, std::size_t line) { mix = mixed(mix, value, line); });
  const std::size_t part = text.size() % 61 + 1;
  for (std::size_t at = 0; at < text.size(); at += part) stream.add(text.substr(at, part));
  stream.finish();
  return mix;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coffer;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::size_t lines = 1;
  for (const char c : text) lines += c == '\n' ? 1 : 0;
  std::size_t seen = 0;
  std::size_t mix = 0;
  cli::each_candidate(text, [&](std::string_view value, std::size_t line) {
    require(value.size() >= cli::kLeastCandidate && value.size() <= cli::kMostCandidate);
    require(line >= 1 && line <= lines);
    require(text.find(value) != std::string_view::npos ||
            text.find('\\') != std::string_view::npos ||
            text.find("-----BEGIN ") != std::string_view::npos);
    mix = mixed(mix, value, line);
    ++seen;
  });
  require(seen <= 2 * size + 2);
  require(mix == mix_of_parts(text));
  return 0;
}
