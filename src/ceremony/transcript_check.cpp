#include "transcript_check.h"

#include <algorithm>
#include <array>

#include "ceremony.h"
#include "known_hashes.h"
#include "step_facts.h"
#include "steps.h"

namespace coffer::ceremony {
namespace {

/// Types of lines that are of a step, and of those that are of none or of one.
bool is_of_step(std::string_view type) {
  static constexpr std::array<std::string_view, 5> kTypes = {"step", "intent", "done", "failed",
                                                             "confirmed"};
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}
bool is_of_any(std::string_view type) { return type == "exception" || type == "refused"; }
bool is_of_none(std::string_view type) {
  return type == "begin" || type == "resumed" || type == "aborted" || type == "end";
}

class Checker final {
 public:
  Checker(const Plan& plan, const Transcript& transcript) : plan_(plan), transcript_(transcript) {}

  std::vector<std::string> check() {
    check_lines();
    check_times();
    for (const Step& step : steps_of(plan_)) check_step(step);
    check_order();
    check_exceptions();
    check_resumed();
    check_findings();
    for (std::string& each : problems_of_facts(plan_, transcript_)) problem(std::move(each));
    if (transcript_.lines.back().type != "end") {
      problem("the ceremony didn't come to its end: the last line of the transcript isn't \"end\"");
    }
    return std::move(problems_);
  }

 private:
  void problem(std::string text) { problems_.push_back(std::move(text)); }

  /// The message's subject.
  static std::string name_of(const TranscriptLine& line) {
    return "line " + std::to_string(line.sequence) + " of the transcript";
  }

  void check_lines() {
    const TranscriptLine* const first = &transcript_.lines.front();
    if (first->type != "begin") problem("the transcript doesn't start with its line \"begin\"");
    const std::string_view mode = fact(first->facts, "mode");
    if (mode == "live" && fact(first->facts, "profile") != plan_.token.profile) {
      problem("the token was taken for one of another profile than the plan's");
    }
    for (const TranscriptLine& line : transcript_.lines) {
      const bool fits = is_of_any(line.type) ||
                        (line.step.empty() ? is_of_none(line.type) : is_of_step(line.type));
      const bool in_place = (line.type != "begin" || &line == first) &&
                            (line.type != "end" || &line == &transcript_.lines.back()) &&
                            (line.type != "intent" || is_before_done(line));
      if (!fits || !in_place) problem(name_of(line) + " isn't one that a ceremony writes there");
      if (line.type == "resumed" && mode == "rehearsal") {
        problem(name_of(line) + " goes on with a rehearsal, which begins anew instead");
      }
    }
  }

  /// Steps that write down what they are about to do.
  [[nodiscard]] bool writes_intent(const std::string& step) const {
    return step == "initialise" || step == "change-user-pin" || step == "change-so-pin" ||
           step == "keys" || plan_.programs.count(step) != 0;
  }

  [[nodiscard]] bool is_before_done(const TranscriptLine& intent) const {
    const TranscriptLine* const done = transcript_.find("done", intent.step);
    return writes_intent(intent.step) && (done == nullptr || intent.sequence < done->sequence);
  }

  void check_times() {
    for (std::size_t i = 1; i < transcript_.lines.size(); ++i) {
      // RFC 3339 in UTC: but for the fraction's length the text sorts as the time does.
      const std::string_view before = transcript_.lines[i - 1].time;
      const std::string_view now = transcript_.lines[i].time;
      if (now.substr(0, 19) < before.substr(0, 19)) {
        problem("time goes backwards at line " + std::to_string(i + 1) + " of the transcript");
      }
    }
  }

  void check_step(const Step& step) {
    if (transcript_.find("done", step.id) == nullptr) {
      return problem("step " + step.id + " wasn't done");
    }
    const TranscriptLine* const confirmed = transcript_.find("confirmed", step.id);
    if (confirmed == nullptr) return problem("step " + step.id + " wasn't confirmed");
    const std::string first(fact(confirmed->facts, "first"));
    const std::string second(fact(confirmed->facts, "second"));
    for (const std::string& name : {first, second}) {
      if (plan_.people.count(name) == 0) {
        return problem("step " + step.id + " was confirmed by " + name +
                       ", who isn't one of the plan's people");
      }
    }
    if (first == second) problem("step " + step.id + " was confirmed twice by " + first);
    for (const Role role : step.confirmed_by) {
      if (plan_.people.at(first).role == role || plan_.people.at(second).role == role) continue;
      problem("step " + step.id + " wasn't confirmed by a " + std::string(to_string(role)));
    }
  }

  /// Each step is confirmed before the next one is done, and none is there that the plan hasn't.
  void check_order() {
    const std::vector<Step> steps = steps_of(plan_);
    std::size_t next = 0;
    for (const TranscriptLine& line : transcript_.lines) {
      if (line.step.empty()) continue;
      const bool known = next < steps.size() && steps[next].id == line.step;
      if (!known) {
        return problem(name_of(line) + " is of step " + line.step +
                       ", which isn't the next one of the plan");
      }
      if (line.type == "done" && transcript_.find("done", line.step) != &line) {
        problem("step " + line.step + " was done twice");
      }
      if (line.type == "confirmed") ++next;
    }
  }

  void check_exceptions() {
    for (const TranscriptLine& line : transcript_.lines) {
      if (line.type != "exception") continue;
      std::string why = why_not(
          plan_, {},
          {std::string(fact(line.facts, "first")), std::string(fact(line.facts, "second"))});
      if (why.empty() && fact(line.facts, "reason").empty()) why = "nobody gave a reason";
      if (!why.empty()) problem(name_of(line) + ", an exception: " + why);
    }
  }

  /// From what people had noted, and no other transcript.
  void check_resumed() {
    for (std::size_t i = 0; i < transcript_.lines.size(); ++i) {
      const TranscriptLine& line = transcript_.lines[i];
      if (line.type != "resumed") continue;
      std::string why = why_not(
          plan_, {},
          {std::string(fact(line.facts, "first")), std::string(fact(line.facts, "second"))});
      if (why.empty() && fact(line.facts, "head") != transcript_.noted_head(i)) {
        why = "its head isn't the one that was noted last";
      }
      if (!why.empty()) problem(name_of(line) + ", which goes on: " + why);
    }
  }

  [[nodiscard]] bool has_exception(std::string_view finding) const {
    return std::any_of(transcript_.lines.begin(), transcript_.lines.end(), [&](const auto& line) {
      return line.type == "exception" && fact(line.facts, "finding") == finding;
    });
  }

  /// What the preflight must have looked at. Hashes are also held against others elsewhere.
  void check_findings() {
    const TranscriptLine* const line = transcript_.find("done", "preflight");
    if (line == nullptr) return;
    std::vector<std::string> wanted{"version", "program-sha256", "module-sha256", "clock",
                                    "entropy", "swap",           "network"};
    for (const auto& [act, words] : plan_.programs) wanted.push_back(hash_finding(act));
    for (const std::string& name : wanted) {
      if (fact(line->facts, name).empty()) problem("the preflight didn't look at " + name);
    }
    for (const Fact& each : line->facts) {
      if (looks_good(each.name, each.value) || has_exception(each.name)) continue;
      problem("the preflight's " + each.name + " isn't good, and no exception says why");
    }
  }

  const Plan& plan_;
  const Transcript& transcript_;
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> problems_of_transcript(const Plan& plan, const Transcript& transcript) {
  return Checker(plan, transcript).check();
}

std::vector<std::string> problems_of_rehearsal(std::string_view text, const Plan& plan) {
  const auto parsed = parse_transcript(text);
  if (!parsed.ok()) return {"the rehearsal: " + parsed.error().text};
  if (parsed->lines.empty() || fact(parsed->lines.front().facts, "mode") != "rehearsal") {
    return {"what was given isn't the transcript of a rehearsal"};
  }
  if (fact(parsed->lines.front().facts, "plan") != to_hex(plan.hash)) {
    return {"the plan was changed after the rehearsal, or the rehearsal was of another"};
  }
  if (parsed->lines.back().type != "end") return {"the rehearsal didn't come to its end"};
  std::vector<std::string> problems = problems_of_transcript(plan, *parsed);
  for (std::string& each : problems_of_hashes(plan, *parsed, {})) {
    problems.push_back(std::move(each));
  }
  for (std::string& each : problems) each.insert(0, "the rehearsal: ");
  return problems;
}

}  // namespace coffer::ceremony
