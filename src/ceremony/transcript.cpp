#include "transcript.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>

#include "coffer/crypto/digest.h"
#include "coffer/model/fields.h"
#include "coffer/model/json_writer.h"

namespace coffer::ceremony {
namespace {

/// What the first line has in the place of the hash of the line before.
const std::string kNothingBefore(64, '0');

Error broken(std::uint64_t line, std::string_view what) {
  return make_error(ErrorCode::corrupt,
                    "line " + std::to_string(line) + " of the transcript " + std::string(what));
}

Result<std::string> hash_of(std::string_view line) {
  COFFER_TRY(const crypto::Sha256 hash, crypto::sha256(as_bytes(line)));
  return to_hex(hash);
}

Result<TranscriptLine> parse_line(std::string_view text, std::uint64_t number) {
  const auto fields = model::Fields::parse(std::string(text));
  if (!fields.ok()) return broken(number, "isn't one JSON object");
  const auto wrong = [&] { return broken(number, "hasn't the members that a line has"); };
  TranscriptLine line;
  const auto sequence = fields->integer("sequence");
  if (!sequence.ok() || !*sequence || **sequence < 0) return wrong();
  line.sequence = static_cast<std::uint64_t>(**sequence);
  const auto take = [&](std::string_view name, std::string& out) {
    auto value = fields->string(name);
    if (!value.ok() || !*value) return false;
    out = std::move(**value);
    return true;
  };
  if (!take("time", line.time) || !take("type", line.type) || !take("step", line.step)) {
    return wrong();
  }
  const auto facts = fields->object("facts");
  if (!facts.ok() || !*facts) return wrong();
  for (const std::string_view name : (*facts)->names()) {
    const auto value = (*facts)->string(name);
    if (!value.ok() || !*value) return wrong();
    line.facts.push_back({std::string(name), **value});
  }
  return line;
}

}  // namespace

std::string_view fact(const Facts& facts, std::string_view name) noexcept {
  for (const Fact& each : facts) {
    if (each.name == name) return each.value;
  }
  return {};
}

bool is_interruption(const TranscriptLine& line) noexcept {
  return line.type == "resumed" || line.type == "refused" || line.type == "failed" ||
         line.type == "aborted";
}

bool is_noted(const TranscriptLine& line) noexcept {
  return line.type == "begin" || line.type == "exception" || line.type == "confirmed" ||
         line.type == "aborted" || line.type == "resumed" || line.type == "end";
}

std::string_view Transcript::noted_head(std::size_t count) const noexcept {
  while (count > 0 && !is_noted(lines[count - 1])) --count;
  return count == 0 ? std::string_view() : lines[count - 1].hash;
}

const TranscriptLine* Transcript::find(std::string_view type,
                                       std::string_view step) const noexcept {
  const auto found = std::find_if(lines.begin(), lines.end(), [&](const TranscriptLine& line) {
    return line.type == type && line.step == step;
  });
  return found == lines.end() ? nullptr : &*found;
}

std::string render_line(const TranscriptLine& line, std::string_view previous) {
  model::JsonWriter json;
  json.begin_object().key("sequence").number(static_cast<std::int64_t>(line.sequence));
  json.key("time").string(line.time).key("type").string(line.type).key("step").string(line.step);
  json.key("facts").begin_object();
  for (const Fact& each : line.facts) json.key(each.name).string(each.value);
  json.end_object().key("previous").string(previous).end_object();
  return std::move(json).take();
}

Result<Transcript> parse_transcript(std::string_view text) {
  Transcript out{{}, kNothingBefore};
  while (!text.empty()) {
    const std::uint64_t number = out.lines.size() + 1;
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return broken(number, "has no end");
    const std::string_view raw = text.substr(0, end);
    text.remove_prefix(end + 1);
    COFFER_TRY(TranscriptLine line, parse_line(raw, number));
    if (line.sequence != number) return broken(number, "has another number: one is missing");
    // Also whatever was spelt in another way than ours.
    if (render_line(line, out.head) != raw) {
      return broken(number, "doesn't follow the line before: one of the two was changed");
    }
    COFFER_TRY(out.head, hash_of(raw));
    line.hash = out.head;
    out.lines.push_back(std::move(line));
  }
  return out;
}

Result<Journal> Journal::open(const std::string& path, const Clock& clock) {
  File file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!file.is_open()) return make_error(ErrorCode::unavailable, "cannot open " + path);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    return make_error(ErrorCode::conflict, "another process runs this ceremony");
  }
  COFFER_CHECK(sync_name(path));  // it may be new
  COFFER_TRY(const std::string text, read_own_file(path, kMaxTranscript));
  const std::size_t whole = text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1;
  const bool torn = whole != text.size();
  if (torn &&
      (::ftruncate(file.get(), static_cast<off_t>(whole)) != 0 || ::fsync(file.get()) != 0)) {
    return make_error(ErrorCode::unavailable, "cannot cut off the transcript's torn last line");
  }
  COFFER_TRY(Transcript transcript, parse_transcript(std::string_view(text).substr(0, whole)));
  return Journal(std::move(file), std::move(transcript), clock, torn);
}

Result<void> Journal::append(std::string_view type, std::string_view step, Facts facts) {
  TranscriptLine line{transcript_.lines.size() + 1, to_rfc3339(clock_->wall()), std::string(type),
                      std::string(step), std::move(facts)};
  const std::string text = render_line(line, transcript_.head);
  COFFER_TRY(line.hash, hash_of(text));
  const off_t before = ::lseek(file_.get(), 0, SEEK_END);
  if (before < 0) return make_error(ErrorCode::unavailable, "cannot tell the transcript's size");
  if (auto written = write_synced(file_.get(), as_bytes(text + "\n")); !written.ok()) {
    // It isn't in the chain: the next line has its number, and must stand in its place.
    if (::ftruncate(file_.get(), before) == 0) return written;
    return make_error(ErrorCode::unavailable,
                      "the transcript ends with a line that isn't to be there: take it away");
  }
  transcript_.head = line.hash;
  transcript_.lines.push_back(std::move(line));
  return {};
}

}  // namespace coffer::ceremony
