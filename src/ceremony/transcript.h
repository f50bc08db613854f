// What happened in a ceremony, a line each, chained by hashes; on disk before the ceremony goes on.
// docs/formats/ceremony-transcript.md. Private to the room.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "coffer/base/clock.h"
#include "files.h"

namespace coffer::ceremony {

struct Fact {
  std::string name;
  std::string value;
  bool operator==(const Fact&) const = default;
};
using Facts = std::vector<Fact>;
/// Empty if there is none of that name.
[[nodiscard]] std::string_view fact(const Facts& facts, std::string_view name) noexcept;

/// One of begin, resumed, step, intent, done, exception, refused, failed, confirmed, aborted, end.
struct TranscriptLine {
  std::uint64_t sequence = 0;  ///< from 1
  std::string time;            ///< RFC 3339
  std::string type;
  std::string step;  ///< empty where it is of none
  Facts facts;
  std::string hash{};  ///< of the line as it stands there, in hexadecimal
};

/// Whether it tells that something went otherwise than straight on: resumed, refused, failed,
/// aborted.
[[nodiscard]] bool is_interruption(const TranscriptLine& line) noexcept;

/// Whether people are shown the transcript's hash right behind it, to note it: what they answered
/// for, begin, aborted, resumed and end.
[[nodiscard]] bool is_noted(const TranscriptLine& line) noexcept;

struct Transcript {
  std::vector<TranscriptLine> lines;
  std::string head;  ///< SHA-256 of the last line, in hexadecimal
  /// The first line of that type and step; nullptr if there is none.
  [[nodiscard]] const TranscriptLine* find(std::string_view type,
                                           std::string_view step = {}) const noexcept;
  /// The hash that people were shown last, of the first so many lines; empty if none was.
  [[nodiscard]] std::string_view noted_head(std::size_t lines) const noexcept;
  [[nodiscard]] std::string_view noted_head() const noexcept { return noted_head(lines.size()); }
};

inline constexpr std::size_t kMaxTranscript = std::size_t{16} << 20U;

/// Without its LF.
[[nodiscard]] std::string render_line(const TranscriptLine& line, std::string_view previous);
/// corrupt names the line: one that was edited, put in, left out or exchanged, or isn't whole.
[[nodiscard]] Result<Transcript> parse_transcript(std::string_view text);

/// The transcript of a ceremony that goes on: one process at a time. Not thread-safe.
class Journal final {
 public:
  /// Makes the file, or takes up what is there; a last line without its end was never confirmed and
  /// is cut off. conflict if another process has it; errors as parse_transcript().
  [[nodiscard]] static Result<Journal> open(const std::string& path, const Clock& clock);
  /// On disk when this returns.
  [[nodiscard]] Result<void> append(std::string_view type, std::string_view step, Facts facts);
  [[nodiscard]] const Transcript& transcript() const noexcept { return transcript_; }
  /// Whether a part of a line was cut off.
  [[nodiscard]] bool was_torn() const noexcept { return torn_; }

 private:
  Journal(File file, Transcript transcript, const Clock& clock, bool torn)
      : file_(std::move(file)), transcript_(std::move(transcript)), clock_(&clock), torn_(torn) {}
  File file_;
  Transcript transcript_;
  const Clock* clock_;
  bool torn_;
};

}  // namespace coffer::ceremony
