#include "recover.h"

#include <sys/stat.h>

#include <cerrno>
#include <optional>
#include <string>

#include "line_reader.h"
#include "zstd_file.h"

namespace coffer::audit {
namespace {

struct Position {
  std::size_t segment = 0;
  std::uint64_t offset = 0;  ///< unless 0, reading starts behind the next LF
};

/// Where the last `window` bytes of all segments begin.
Position position_before_end(const std::vector<std::uint64_t>& sizes, std::uint64_t window) {
  for (std::size_t i = sizes.size(); i-- > 0;) {
    if (sizes[i] > window) return {i, sizes[i] - window};
    window -= sizes[i];
  }
  return {};
}

/// One pass from a position to the end.
class TailWalk final {
 public:
  TailWalk(const std::vector<Segment>& segments, std::uint64_t newest_size)
      : segments_(segments), newest_size_(newest_size) {}

  Result<Recovered> run(Position start) {
    for (std::size_t i = start.segment; i < segments_.size(); ++i) {
      segment_ = &segments_[i];
      newest_ = i + 1 == segments_.size();
      COFFER_CHECK(walk_segment(i == start.segment ? start.offset : 0));
    }
    return std::move(out_);
  }

 private:
  Error corrupt(std::uint64_t offset, const Error& why) const {
    return make_error(ErrorCode::corrupt,
                      segment_->name + " at byte " + std::to_string(offset) + ": " + why.text,
                      why.cause);
  }

  Result<void> walk_segment(std::uint64_t start) {
    COFFER_TRY(ReadAt read, read_file(segment_->path));
    LineReader reader(std::move(read), start);
    RawLine line;
    if (start != 0) {
      const auto skipped = reader.next(line);
      if (!skipped.ok()) return corrupt(start, skipped.error());
    }
    out_.good_size = reader.offset();
    bool first_line = start == 0;
    for (;;) {
      const std::uint64_t at = reader.offset();
      auto more = reader.next(line);
      if (!more.ok()) return corrupt(at, more.error());
      if (!*more) return {};
      COFFER_TRY(const bool torn, take(line, first_line, reader));
      if (torn) {
        out_.cut_bytes = newest_size_ - at;
        return {};
      }
      out_.good_size = reader.offset();
      first_line = false;
    }
  }

  /// True: the line and all behind it are what a torn write left.
  Result<bool> take(const RawLine& line, bool first_of_segment, LineReader& reader) {
    const std::uint64_t at = line.offset;
    if (!line.terminated && newest_) return true;
    const auto parsed = parse_line(line.text);
    if (!parsed.ok()) {
      if (torn_write(line, reader)) return true;
      return corrupt(at, parsed.error());
    }
    if (first_of_segment && parsed->sequence != segment_->first) {
      return corrupt(at, make_error(ErrorCode::corrupt,
                                    "the first line has another sequence than the file's name"));
    }
    const auto accepted = out_.chain.accept(line.text, *parsed);
    if (!accepted.ok()) return corrupt(at, accepted.error());
    return false;
  }

  /// A power cut leaves a write without its end, or with pages of zeros in it. A whole line that
  /// reads well but doesn't chain was never torn: somebody changed something, and that isn't cut.
  bool torn_write(const RawLine& line, LineReader& reader) const {
    if (!newest_) return false;
    const bool hole = line.text.find('\0') != std::string_view::npos;
    if (hole && newest_size_ - line.offset <= kTailWindow) return true;
    RawLine next;
    const auto more = reader.next(next);
    return more.ok() && !*more;
  }

  const std::vector<Segment>& segments_;
  const std::uint64_t newest_size_;
  const Segment* segment_ = nullptr;
  bool newest_ = false;
  Recovered out_;
};

Result<std::vector<std::uint64_t>> sizes_of(const std::vector<Segment>& segments) {
  std::vector<std::uint64_t> sizes;
  for (const Segment& segment : segments) {
    if (segment.path.ends_with(kCompressed)) {
      COFFER_TRY(const std::uint64_t size, size_of_compressed(segment.path));
      sizes.push_back(size);
      continue;
    }
    struct stat status {};
    if (::stat(segment.path.c_str(), &status) != 0) return system_error("stat", errno);
    sizes.push_back(static_cast<std::uint64_t>(status.st_size));
  }
  return sizes;
}

}  // namespace

Result<Recovered> read_tail(const std::vector<Segment>& segments) {
  COFFER_TRY(const std::vector<std::uint64_t> sizes, sizes_of(segments));
  // Twice the window, so that what is cut from the last one still has good lines before it.
  for (std::uint64_t window = 2 * kTailWindow;; window *= 8) {
    const Position start = position_before_end(sizes, window);
    COFFER_TRY(Recovered tail, TailWalk(segments, sizes.back()).run(start));
    const bool all = start.segment == 0 && start.offset == 0;
    if (all || (tail.chain.lines() != 0 && !tail.chain.open_before_first())) return tail;
  }
}

}  // namespace coffer::audit
