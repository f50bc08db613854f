#include "each_line.h"

namespace coffer::audit {
namespace {

Error at(const Segment& segment, std::uint64_t offset, const Error& error) {
  if (error.code != ErrorCode::corrupt) return error;
  return make_error(ErrorCode::corrupt,
                    segment.name + " at byte " + std::to_string(offset) + ": " + error.text);
}

}  // namespace

Result<LogPlace> each_line(const std::string& directory, const LogPlace& from,
                           const std::function<Result<void>(const LogLine&)>& take) {
  COFFER_TRY(const std::vector<Segment> segments, list_segments(directory));
  if (segments.empty()) {
    return make_error(ErrorCode::not_found, "the directory holds no audit log", directory);
  }
  LogPlace place = from;
  for (const Segment& segment : segments) {
    if (segment.first < from.segment) continue;
    place = {segment.first, segment.first == from.segment ? from.offset : 0};
    COFFER_TRY(ReadAt read, read_file(segment.path));
    LineReader lines(std::move(read), place.offset);
    for (RawLine line;;) {
      COFFER_TRY(const bool more, lines.next(line));
      if (!more || !line.terminated) break;
      place.offset = lines.offset();
      const auto parsed = parse_line(line.text);
      if (!parsed.ok()) return at(segment, line.offset, parsed.error());
      const auto taken = take({.segment = segment, .raw = line, .parsed = *parsed});
      if (!taken.ok()) return at(segment, line.offset, taken.error());
    }
  }
  return place;
}

}  // namespace coffer::audit
