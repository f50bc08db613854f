#include "resume.h"

#include <algorithm>

#include "actions.h"
#include "coffer/base/terminal.h"
#include "hash_words.h"
#include "known_hashes.h"
#include "preflight.h"

namespace coffer::ceremony {
namespace {

bool had_exception(const Transcript& transcript, std::string_view finding) {
  return std::any_of(transcript.lines.begin(), transcript.lines.end(), [&](const auto& line) {
    return line.type == "exception" && fact(line.facts, "finding") == finding;
  });
}

/// Why this finding needs an exception of its own; empty if it doesn't.
std::string complaint(const Transcript& transcript, const Finding& finding) {
  if (is_hash(finding.name)) {
    if (!has_changed(transcript, finding.name, finding.found)) return {};
    return finding.found + ", at the preflight " +
           std::string(hash_at_preflight(transcript, finding.name));
  }
  const bool known = finding.good || had_exception(transcript, finding.name);
  return known ? std::string() : finding.found;
}

void show_what_followed(Ceremony& ceremony) {
  const std::vector<TranscriptLine>& lines = ceremony.journal.transcript().lines;
  std::size_t next = lines.size();
  while (next > 0 && !is_noted(lines[next - 1])) --next;
  for (; next < lines.size(); ++next) {
    ceremony.console.say("  then: " + for_terminal(lines[next].type + " " + lines[next].step));
    show_facts(ceremony, lines[next].facts, "    ");
  }
}

/// The line "begin" says that there is none, and why is the next one: it was cut between the two.
Result<void> ask_for_rehearsal(Ceremony& ceremony) {
  const Transcript& transcript = ceremony.journal.transcript();
  const std::string_view head = fact(transcript.lines.front().facts, "rehearsal");
  if (head != "none" || had_exception(transcript, "rehearsal")) return {};
  return make_exception(ceremony, {}, "rehearsal", "the ceremony was begun without one");
}

/// Whether the keys may be gone, or others, by what was begun.
bool has_touched_keys(const Transcript& transcript) {
  return transcript.find("step", "decommission") != nullptr ||
         transcript.find("step", "retire") != nullptr;
}

Result<void> read_again(Ceremony& ceremony) {
  const Transcript& transcript = ceremony.journal.transcript();
  if (has_touched_keys(transcript)) return {};
  for (const std::string step : {"token", "keys", "attributes"}) {
    const TranscriptLine* const done = transcript.find("done", step);
    if (done == nullptr) continue;
    COFFER_TRY(const Facts now, read_back(ceremony, step));
    Facts before = done->facts;
    std::erase_if(before, [](const Fact& each) { return each.value == kFound; });
    if (now == before) continue;
    const auto [was, is] = std::mismatch(before.begin(), before.end(), now.begin(), now.end());
    const std::string& name = was != before.end() ? was->name : is->name;
    return make_error(ErrorCode::precondition,
                      "step " + step + ": " + name + " of the transcript isn't what the token has");
  }
  return {};
}

}  // namespace

Result<Facts> confirm_head(Ceremony& ceremony) {
  const std::string head(ceremony.journal.transcript().noted_head());
  const auto hash = from_hex(head);
  ceremony.console.say("\n== The ceremony goes on\nThe transcript's hash, as it was noted last: " +
                       head + "\n  " + (hash.ok() ? in_words(*hash) : std::string()));
  show_what_followed(ceremony);
  if (ceremony.noted.empty() && !ceremony.console.has_people()) {
    return make_error(ErrorCode::precondition,
                      "the ceremony goes on only with the transcript's hash that was noted: -head");
  }
  if (!ceremony.noted.empty() && ceremony.noted != head) {
    return make_error(ErrorCode::precondition,
                      "the transcript isn't the one whose hash was noted: its hash is " + head);
  }
  COFFER_TRY(const TwoPeople two,
             ask_two(ceremony, {"head",
                                {},
                                "It is the hash that was noted. First person's name",
                                "Second person's name"}));
  return Facts{{"head", head}, {"first", two.first}, {"second", two.second}};
}

Result<void> resume(Ceremony& ceremony, Facts confirmed) {
  COFFER_TRY(const std::vector<Finding> findings, preflight(ceremony.plan, machine_of(ceremony)));
  Facts facts{{"torn", ceremony.journal.was_torn() ? "yes" : "no"}};
  for (Fact& each : confirmed) facts.push_back(std::move(each));
  for (const Finding& each : findings) facts.push_back({each.name, each.found});
  COFFER_CHECK(ceremony.journal.append("resumed", {}, std::move(facts)));
  show_head(ceremony);
  COFFER_CHECK(ask_for_rehearsal(ceremony));
  // Before the preflight was done its step will ask.
  if (ceremony.journal.transcript().find("done", "preflight") == nullptr) return {};
  for (const Finding& each : findings) {
    const std::string why = complaint(ceremony.journal.transcript(), each);
    if (!why.empty()) COFFER_CHECK(make_exception(ceremony, {}, each.name, why));
  }
  return read_again(ceremony);
}

}  // namespace coffer::ceremony
