#include "known_hashes.h"

#include <algorithm>

namespace coffer::ceremony {
namespace {

constexpr std::string_view kOurs = "coffer-ceremony";
constexpr std::string_view kModule = "module-sha256";

/// Whether an exception was made for that finding with just this hash.
bool is_excepted(const Transcript& transcript, std::string_view finding, std::string_view hash) {
  return std::any_of(transcript.lines.begin(), transcript.lines.end(), [&](const auto& line) {
    return line.type == "exception" && fact(line.facts, "finding") == finding &&
           fact(line.facts, "found").starts_with(hash);
  });
}

bool is_live(const Transcript& transcript) {
  return fact(transcript.lines.front().facts, "mode") == "live";
}

class Checker final {
 public:
  explicit Checker(const Transcript& transcript) : transcript_(transcript) {}

  void want(std::string_view finding, std::string_view hash, std::string_view wanted,
            const std::string& what) {
    if (wanted.empty() || hash == wanted || is_excepted(transcript_, finding, hash)) return;
    problems_.push_back(std::string(finding) + " isn't that of the " + what +
                        ", and no exception says why");
  }

  void preflight(const Plan& plan, const Transcript& rehearsal) {
    const TranscriptLine* const line = transcript_.find("done", "preflight");
    if (line == nullptr) return;  // told among the steps
    for (const auto& [name, hash] : plan.hashes) {
      const std::string finding = hash_finding(name);
      // A rehearsal has SoftHSM's.
      if (finding == kModule && !is_live(transcript_)) continue;
      want(finding, fact(line->facts, finding), hash, "plan");
    }
    for (const Fact& each : line->facts) {
      if (!is_hash(each.name) || each.name == kModule) continue;
      want(each.name, each.value, hash_at_preflight(rehearsal, each.name), "rehearsal");
    }
  }

  /// Those behind the preflight: what went on before it had that step look.
  void resumed() {
    const std::vector<TranscriptLine>& lines = transcript_.lines;
    const TranscriptLine* const preflight = transcript_.find("done", "preflight");
    for (std::size_t i = preflight == nullptr ? lines.size() : preflight->sequence;
         i + 1 < lines.size(); ++i) {
      if (lines[i].type != "resumed" || is_left_behind(i)) continue;
      for (const Fact& each : lines[i].facts) {
        if (is_hash(each.name)) at_preflight(each.name, each.value);
      }
    }
  }

  void programs(const Plan& plan) {
    for (const TranscriptLine& line : transcript_.lines) {
      if (plan.programs.count(line.step) == 0) continue;
      if (line.type != "intent" && line.type != "done") continue;
      at_preflight(hash_finding(line.step), fact(line.facts, "program-sha256"));
    }
  }

  std::vector<std::string> take() { return std::move(problems_); }

 private:
  void at_preflight(std::string_view finding, std::string_view hash) {
    want(finding, hash, hash_at_preflight(transcript_, finding), "preflight");
  }

  /// Where nobody gave a reason, for this finding or another, nothing was done.
  [[nodiscard]] bool is_left_behind(std::size_t resumed) const {
    const auto next = std::find_if(
        transcript_.lines.begin() + static_cast<std::ptrdiff_t>(resumed) + 1,
        transcript_.lines.end(),
        [](const auto& line) { return line.type != "exception" && line.type != "refused"; });
    return next != transcript_.lines.end() && next->type == "aborted";
  }

  const Transcript& transcript_;
  std::vector<std::string> problems_;
};

}  // namespace

bool is_hash(std::string_view name) noexcept { return name.ends_with("-sha256"); }

std::string hash_finding(std::string_view planned) {
  return std::string(planned == kOurs ? "program" : planned) + "-sha256";
}

std::string_view planned_hash(const Plan& plan, std::string_view finding) {
  for (const auto& [name, hash] : plan.hashes) {
    if (hash_finding(name) == finding) return hash;
  }
  return {};
}

std::string_view hash_at_preflight(const Transcript& transcript, std::string_view finding) {
  const TranscriptLine* const line = transcript.find("done", "preflight");
  return line == nullptr ? std::string_view() : fact(line->facts, finding);
}

bool has_changed(const Transcript& transcript, std::string_view finding, std::string_view hash) {
  const std::string_view was = hash_at_preflight(transcript, finding);
  return !was.empty() && was != hash && !is_excepted(transcript, finding, hash);
}

Result<Transcript> kept_rehearsal(const std::string& directory, const Transcript& transcript) {
  const std::string_view head = fact(transcript.lines.front().facts, "rehearsal");
  if (!is_live(transcript) || head == "none") return Transcript{};
  COFFER_TRY(const std::string text,
             read_own_file(directory + "/rehearsal.transcript", kMaxTranscript));
  COFFER_TRY(Transcript rehearsal, parse_transcript(text));
  if (rehearsal.head == head) return rehearsal;
  return make_error(ErrorCode::corrupt, "the rehearsal isn't the one that the transcript names");
}

std::vector<std::string> problems_of_hashes(const Plan& plan, const Transcript& transcript,
                                            const Transcript& rehearsal) {
  Checker checker(transcript);
  checker.preflight(plan, rehearsal);
  checker.resumed();
  checker.programs(plan);
  return checker.take();
}

}  // namespace coffer::ceremony
