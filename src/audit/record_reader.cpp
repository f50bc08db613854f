#include <map>

#include "each_line.h"
#include "record_line.h"

namespace coffer::audit {
namespace {

/// One line is read there, and seldom more than some kilobytes.
constexpr std::size_t kReadAtOnce = std::size_t{16} << 10U;

/// What has the id alone: `interrupted`, and the answer of a request whose commit failed.
bool is_bare(std::string_view line) {
  return line.find("\"operation\":") == std::string_view::npos;
}

/// Cheap, so that most lines aren't parsed as JSON.
bool may_match(std::string_view line, const RecordFilter& filter) {
  const auto absent = [&](const std::string& text) {
    return !text.empty() && line.find(text) == std::string_view::npos;
  };
  return !absent(filter.accessor) && !absent(filter.operation);
}

/// How it ended is `closing`'s word, and all else `asked`'s.
Record joined(Record asked, Record closing) {
  asked.sequence = closing.sequence;
  // The daemon may have stood for days before it told.
  if (closing.ending != Ending::interrupted) asked.time = std::move(closing.time);
  asked.error = std::move(closing.error);
  asked.ending = closing.ending;
  return asked;
}

}  // namespace

/// Where the request lines stand that nothing has closed yet: not the lines, which may be large.
class AskedLines final {
 public:
  struct Place {
    std::uint64_t segment = 0;  ///< by the number of its first line
    std::uint64_t offset = 0;
  };

  explicit AskedLines(std::string directory) : directory_(std::move(directory)) {}

  /// A request that ran again after a lost race has two: the first counts.
  void open(const Uuid& id, const Place& place) { places_.emplace(id, place); }
  /// nullopt: it isn't open, as far as was read.
  std::optional<Place> close(const Uuid& id) {
    const auto found = places_.find(id);
    if (found == places_.end()) return std::nullopt;
    const Place place = found->second;
    places_.erase(found);
    return place;
  }
  [[nodiscard]] Result<Record> read(const Place& place) {
    if (opened_ != place.segment) COFFER_CHECK(open_segment(place.segment));
    LineReader lines(read_, place.offset, kReadAtOnce);
    RawLine line;
    COFFER_TRY(const bool more, lines.next(line));
    if (!more) return make_error(ErrorCode::corrupt, "the line of its request is gone");
    COFFER_TRY(const ParsedLine parsed, parse_line(line.text));
    return read_record(line.text, parsed);
  }

 private:
  /// By its number, since it may have been compressed meanwhile. Kept, for a start closes many.
  Result<void> open_segment(std::uint64_t first) {
    COFFER_TRY(const std::vector<Segment> segments, list_segments(directory_));
    for (const Segment& segment : segments) {
      if (segment.first != first) continue;
      COFFER_TRY(read_, read_file(segment.path));
      opened_ = first;
      return {};
    }
    return make_error(ErrorCode::not_found, "a segment went while it was read", directory_);
  }

  std::string directory_;
  std::map<Uuid, Place> places_;
  std::uint64_t opened_ = 0;  ///< 0: none
  ReadAt read_;
};

namespace {

/// nullopt: it closes no request, or not one that matches.
Result<std::optional<Record>> look_at(AskedLines& asked, const LogLine& line,
                                      const RecordFilter& filter) {
  using Place = AskedLines::Place;
  const Head& head = line.parsed.head;
  if (head.kind == Line::Kind::request) {
    asked.open(head.request, {line.segment.first, line.raw.offset});
  }
  if (head.kind != Line::Kind::response) return std::optional<Record>();
  const std::optional<Place> place = asked.close(head.request);
  const bool bare = is_bare(line.raw.text);
  if (!bare && !may_match(line.raw.text, filter)) return std::optional<Record>();
  COFFER_TRY(Record record, read_record(line.raw.text, line.parsed));
  if (bare && place) {
    COFFER_TRY(Record first, asked.read(*place));
    record = joined(std::move(first), std::move(record));
  }
  if (!matches(filter, record)) return std::optional<Record>();
  return std::optional(std::move(record));
}

}  // namespace

RecordReader::RecordReader(std::string directory)
    : directory_(std::move(directory)), asked_(std::make_unique<AskedLines>(directory_)) {}
RecordReader::~RecordReader() = default;

Result<void> RecordReader::read(const RecordFilter& filter,
                                const std::function<void(const Record&)>& found) {
  const auto take = [&](const LogLine& line) -> Result<void> {
    COFFER_TRY(const std::optional<Record> record, look_at(*asked_, line, filter));
    if (record) found(*record);
    return {};
  };
  COFFER_TRY(place_, each_line(directory_, place_, take));
  return {};
}

Result<void> RecordReader::skip_to_end() {
  COFFER_TRY(const std::vector<Segment> segments, list_segments(directory_));
  if (segments.size() > 2) place_ = {.segment = segments[segments.size() - 2].first, .offset = 0};
  const auto take = [&](const LogLine& line) -> Result<void> {
    const Head& head = line.parsed.head;
    if (head.kind == Line::Kind::request) {
      asked_->open(head.request, {line.segment.first, line.raw.offset});
    } else if (head.kind == Line::Kind::response) {
      static_cast<void>(asked_->close(head.request));
    }
    return {};
  };
  COFFER_TRY(place_, each_line(directory_, place_, take));
  return {};
}

Result<void> find_records(const std::string& directory, const RecordFilter& filter,
                          const std::function<void(const Record&)>& found) {
  return RecordReader(directory).read(filter, found);
}

}  // namespace coffer::audit
