#include "coffer/audit/verify.h"

#include <algorithm>
#include <vector>

#include "chain_check.h"
#include "coffer/audit/anchor_line.h"
#include "line_reader.h"
#include "own_checkpoints.h"
#include "patient_reader.h"
#include "pruned.h"
#include "segments.h"
#include "tree_check.h"

namespace coffer::audit {
namespace {

Error bad(std::string_view what) { return make_error(ErrorCode::corrupt, what); }

/// Follows one chain through all segments. Stops at the first flaw.
class Verifier final {
 public:
  Verifier(const std::vector<Checkpoint>& known, const std::vector<KeyPeriod>& periods)
      : tree_(known, periods) {}

  /// An error: the segment can't be read.
  Result<void> segment(const Segment& segment, LineReader reader) {
    file_ = segment.name;
    number_ = 0;
    if (chain_.lines() != 0 && segment.first != chain_.last_sequence() + 1) {
      flaw(bad("lines " + std::to_string(chain_.last_sequence() + 1) + " to " +
               std::to_string(segment.first - 1) + " are in no file before this one"));
      return {};
    }
    RawLine line;
    while (!flaw_) {
      ++number_;
      const auto more = reader.next(line);
      // Only a line without end is the log's fault; all else is the disk's.
      if (!more.ok() && more.error().code != ErrorCode::corrupt) return more.error();
      if (more.ok() && !*more) break;
      const Result<void> checked = more.ok() ? check(line, segment) : more.error();
      if (!checked.ok() && checked.error().code != ErrorCode::corrupt) return checked.error();
      if (!checked.ok()) flaw(checked.error());
    }
    return {};
  }

  /// What was signed while a segment was written, before its lines.
  Result<void> signed_of(OwnCheckpoints& own, const Segment& segment, std::uint64_t next) {
    if (flaw_) return {};
    COFFER_TRY(flaw_, own.read(segment, next, tree_));
    return {};
  }

  [[nodiscard]] bool done() const noexcept { return flaw_.has_value(); }

  /// Behind the last line. Line 0: nothing is wrong with the lines that are there.
  void finish() {
    const auto finished = tree_.finish();
    if (!flaw_ && !finished.ok()) flaw_ = Flaw{file_, 0, finished.error().text};
  }

  [[nodiscard]] Result<Inspection> result() && {
    Inspection out;
    out.good.lines = chain_.lines();
    out.good.first_sequence = chain_.first_sequence();
    out.good.last_sequence = chain_.last_sequence();
    out.good.open_requests = chain_.open().size();
    if (chain_.lines() != 0) out.good.head = view(chain_.head());
    if (tree_.tree()) {
      COFFER_TRY(const TreeHash root, tree_.tree()->root());
      out.good.root = to_base64(root);
    }
    out.good.checkpoints = tree_.matched();
    out.good.signed_lines = tree_.covered();
    out.good.foreign_checkpoints = tree_.untrusted();
    out.good.late_foreign = tree_.late_stranger();
    out.good.clock_back = std::move(clock_back_);
    out.good.anchor = anchor_;
    out.good.first_time = first_time_;
    out.good.time = std::move(time_);
    out.good.passed_over = tree_.passed_over();
    out.flaw = std::move(flaw_);
    return out;
  }

 private:
  [[nodiscard]] Result<void> check(const RawLine& line, const Segment& segment) {
    if (!line.terminated) {
      return bad("the line has no end: a torn write");
    }
    COFFER_TRY(const ParsedLine parsed, parse_line(line.text));
    if (number_ == 1 && parsed.sequence != segment.first) {
      return bad("seq is " + std::to_string(parsed.sequence) + ", but the file's name says " +
                 std::to_string(segment.first));
    }
    COFFER_CHECK(chain_.accept(line.text, parsed));
    if (chain_.lines() == 1) first_time_ = seconds_of(parsed.head.time);
    look_at_time(parsed.head);
    if (number_ == 1) time_.begin(segment.first);
    if (parsed.head.type == kAnchorType) COFFER_CHECK(look_at_anchor(line.text, parsed));
    return tree_.accept(line.text, parsed, chain_.leaf());
  }

  /// A request line has the time at which the request came in: that it is early says nothing.
  void look_at_time(const Head& head) {
    if (head.kind == Line::Kind::request) return;
    const auto time = seconds_of(head.time);
    if (!time) return;
    time_.see(*time);
    if (clock_back_) return;
    if (latest_ && *time + LogTime::kSlack < *latest_) {
      clock_back_ = ClockStep{file_, number_, *latest_ - *time};
    }
    latest_ = std::max(latest_.value_or(*time), *time);
  }

  /// Numbers aren't compared: each token of a vault counts its own.
  [[nodiscard]] Result<void> look_at_anchor(std::string_view text, const ParsedLine& parsed) {
    COFFER_TRY(const AnchorLine said, read_anchor_line(text));
    if (said.lines >= parsed.sequence) {
      return bad("the line tells of an anchor over lines that come after it");
    }
    anchor_ = AnchorSeen{said.number, said.sequence, parsed.sequence};
    return {};
  }

  void flaw(const Error& error) { flaw_ = Flaw{file_, number_, error.text}; }

  ChainCheck chain_;
  TreeCheck tree_;
  std::optional<std::int64_t> first_time_;
  std::optional<std::int64_t> latest_;
  LogTime time_;
  std::optional<ClockStep> clock_back_;
  std::optional<AnchorSeen> anchor_;
  std::string file_;
  std::uint64_t number_ = 0;
  std::optional<Flaw> flaw_;
};

}  // namespace

Result<Inspection> inspect_directory(const std::string& directory) {
  return inspect_directory(directory, {});
}

Result<Inspection> inspect_directory(const std::string& directory,
                                     const std::vector<Checkpoint>& known,
                                     const TrustedKeys& keys) {
  COFFER_TRY(const std::vector<Segment> segments, list_segments(directory));
  if (segments.empty()) {
    return make_error(ErrorCode::not_found, "the directory holds no audit log", directory);
  }
  COFFER_TRY(OwnCheckpoints own, OwnCheckpoints::open(directory, keys));
  Verifier verifier(known, keys.periods);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (verifier.done()) break;
    const bool last = i + 1 == segments.size();
    const std::uint64_t next = last ? OwnCheckpoints::kOpen : segments[i + 1].first;
    COFFER_CHECK(verifier.signed_of(own, segments[i], next));
    COFFER_TRY(ReadAt read, read_file(segments[i].path));
    if (last) read = until_line_ends(std::move(read));
    COFFER_CHECK(verifier.segment(segments[i], LineReader(std::move(read), 0)));
  }
  // Of segments that aren't there any more, or not yet on this copy of the log.
  for (const Segment& later : own.after(segments.back())) {
    COFFER_CHECK(verifier.signed_of(own, later, OwnCheckpoints::kOpen));
  }
  verifier.finish();
  COFFER_TRY(Inspection out, std::move(verifier).result());
  const auto pruned = read_pruned(directory);
  if (pruned.ok()) {
    out.good.pruned = *pruned;
  } else if (pruned.error().code != ErrorCode::corrupt) {
    return pruned.error();
  } else if (!out.flaw) {
    out.flaw = Flaw{std::string(kPruned), 0, pruned.error().text};
  }
  return out;
}

Inspection inspect_segment(ByteView bytes, std::uint64_t first_sequence, std::size_t chunk) {
  Verifier verifier({}, {});
  const auto read =
      verifier.segment(segment_in({}, first_sequence), LineReader(read_memory(bytes), 0, chunk));
  auto out = std::move(verifier).result();
  // Memory can always be read; what is left is a library that failed, and then nothing is proven.
  if (!out.ok()) return {{}, Flaw{{}, 0, out.error().text}};
  if (!read.ok()) out->flaw = Flaw{{}, 0, read.error().text};
  return *std::move(out);
}

Result<Verified> verify_directory(const std::string& directory) {
  COFFER_TRY(Inspection inspection, inspect_directory(directory));
  if (!inspection.flaw) return std::move(inspection.good);
  const Flaw& flaw = *inspection.flaw;
  return make_error(ErrorCode::corrupt,
                    flaw.file + " line " + std::to_string(flaw.line) + ": " + flaw.what);
}

}  // namespace coffer::audit
