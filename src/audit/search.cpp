#include "coffer/audit/search.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>

#include "coffer/model/json_tree.h"
#include "line_reader.h"
#include "segments.h"

namespace coffer::audit {
namespace {

using model::Json;

/// Smaller than the verifier's: a search looks at a few lines behind its end too.
constexpr std::size_t kReadAtOnce = std::size_t{64} << 10U;

std::string text_at(const Json& line, std::initializer_list<std::string_view> names) {
  const Json* found = line.find_path(names);
  return found == nullptr || found->is_object() || found->is_array() ? std::string()
                                                                     : found->text();
}

std::int64_t number_of(const std::string& text) {
  std::int64_t number = -1;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc() && end == text.data() + text.size() ? number : -1;
}

bool may_match(std::string_view line, const std::vector<std::string>& needles) {
  return std::any_of(needles.begin(), needles.end(), [&](const std::string& needle) {
    return line.find(needle) != std::string_view::npos;
  });
}

/// A renewal's answer has an accessor too, of a token that was there.
std::string made_in(const Json& line) {
  if (!text_at(line, {"request", "path"}).starts_with("auth/token/create")) return {};
  return text_at(line, {"response", "auth", "accessor"});
}

/// The response line alone: it has all that the request line has, and says how it ended.
bool look_at(std::string_view text, const std::function<bool(const Access&)>& found) {
  const Result<Json> line = Json::parse(text);
  if (!line.ok() || text_at(*line, {"type"}) != "response" || line->find("error") != nullptr) {
    return true;
  }
  return found({.time = text_at(*line, {"time"}),
                .request = text_at(*line, {"request", "id"}),
                .operation = text_at(*line, {"request", "operation"}),
                .path = text_at(*line, {"request", "path"}),
                .accessor = text_at(*line, {"auth", "accessor"}),
                .display_name = text_at(*line, {"auth", "display_name"}),
                .unit = text_at(*line, {"peer", "unit"}),
                .token_type = text_at(*line, {"auth", "token_type"}),
                .uid = number_of(text_at(*line, {"peer", "uid"})),
                .made = made_in(*line)});
}

bool before(const LogPlace& a, const LogPlace& b) {
  return a.segment != b.segment ? a.segment < b.segment : a.offset < b.offset;
}

}  // namespace

Result<LogPlace> log_end(const std::string& directory) {
  COFFER_TRY(const auto segments, list_segments(directory));
  if (segments.empty()) return make_error(ErrorCode::not_found, "there is no audit log");
  struct stat about {};
  if (::stat(segments.back().path.c_str(), &about) != 0) {
    return system_error("stat " + segments.back().path, errno);
  }
  return LogPlace{segments.back().first, static_cast<std::uint64_t>(about.st_size)};
}

Result<SearchStep> search_log(const std::string& directory, const LogPlace& from,
                              const LogPlace& until, std::uint64_t most,
                              const std::vector<std::string>& needles,
                              const std::function<bool(const Access&)>& found) {
  COFFER_TRY(const auto segments, list_segments(directory));
  if (segments.empty()) return make_error(ErrorCode::not_found, "there is no audit log");
  SearchStep step{.next = from};
  std::uint64_t bytes = 0;
  for (const Segment& segment : segments) {
    if (segment.first < from.segment) continue;
    const bool first = segment.first == from.segment;
    step.next = {.segment = segment.first, .offset = first ? from.offset : 0};
    COFFER_TRY(const ReadAt read, read_file(segment.path));
    LineReader lines(read, step.next.offset, kReadAtOnce);
    for (RawLine line;;) {
      if (!before(step.next, until)) {
        step.done = true;
        return step;
      }
      if (bytes >= most) return step;
      COFFER_TRY(const bool more, lines.next(line));
      if (!more || !line.terminated) break;
      if (may_match(line.text, needles) && !look_at(line.text, found)) return step;
      bytes += lines.offset() - step.next.offset;
      step.next.offset = lines.offset();
      ++step.lines;
    }
  }
  step.done = true;
  return step;
}

}  // namespace coffer::audit
