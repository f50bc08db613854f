// A transcript's text: refused, or exactly what writing its lines again gives.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "coffer/crypto/digest.h"
#include "src/ceremony/transcript.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coffer::ceremony;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto read = parse_transcript(text);
  if (!read.ok()) {
    if (read.error().text.find("of the transcript") == std::string::npos) std::abort();
    return 0;
  }
  std::string again;
  std::string previous(64, '0');
  for (const TranscriptLine& line : read->lines) {
    const std::string raw = render_line(line, previous);
    previous = coffer::to_hex(*coffer::crypto::sha256(coffer::as_bytes(raw)));
    again += raw + "\n";
  }
  if (again != text || previous != read->head) std::abort();
  return 0;
}
