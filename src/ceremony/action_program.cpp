// What other programs do in a ceremony. What they did can't be asked of anything, so a program of
// which a try was begun before runs again only if people say so.
#include <algorithm>

#include "actions.h"
#include "child.h"
#include "known_hashes.h"
#include "step_facts.h"

namespace coffer::ceremony {
namespace {

/// Behind that line.
bool has_exception(const Transcript& transcript, const TranscriptLine& line,
                   std::string_view finding) {
  return std::any_of(transcript.lines.begin(), transcript.lines.end(), [&](const auto& each) {
    return each.sequence > line.sequence && each.type == "exception" &&
           fact(each.facts, "finding") == finding;
  });
}

/// The last time that the program was begun; nullptr if it never was.
const TranscriptLine* last_try(const Transcript& transcript, std::string_view act) {
  const TranscriptLine* last = nullptr;
  for (const TranscriptLine& each : transcript.lines) {
    if (each.type == "intent" && each.step == act) last = &each;
  }
  return last;
}

/// Of that try, if its end was seen; empty if it wasn't.
std::string end_of(const Transcript& transcript, const TranscriptLine& tried) {
  for (const TranscriptLine& each : transcript.lines) {
    if (each.sequence < tried.sequence || each.type != "failed" || each.step != tried.step)
      continue;
    const std::string_view status = fact(each.facts, "exit-status");
    if (!status.empty()) return std::string(status);
  }
  return {};
}

/// It may have been exchanged since the preflight looked at it.
Result<void> hold_against_preflight(Ceremony& ceremony, const std::string& act,
                                    const std::string& hash) {
  const std::string finding = hash_finding(act);
  const Transcript& transcript = ceremony.journal.transcript();
  if (!has_changed(transcript, finding, hash)) return {};
  const std::string was(hash_at_preflight(transcript, finding));
  return make_exception(ceremony, act, finding, hash + ", at the preflight " + was);
}

/// true: it is to run again. false: what it did is taken as it is. Either is an exception, which
/// stands when the ceremony is cut once more behind it.
Result<bool> ask_to_run_again(Ceremony& ceremony, const std::string& act,
                              const TranscriptLine& tried) {
  const Transcript& transcript = ceremony.journal.transcript();
  for (const bool again : {true, false}) {
    const std::string finding = again_finding(act, again);
    if (has_exception(transcript, tried, finding)) return again;
  }
  const std::string end = end_of(transcript, tried);
  const std::string found = end.empty() ? "its program was begun before, and nobody saw its end"
                                        : "its program was run before, and " + how_it_ended(end);
  ceremony.console.say("Step " + act + ": " + found +
                       ". Its output: " + ceremony.path(act + ".output"));
  COFFER_TRY(const std::string answer,
             ceremony.console.ask("program." + act,
                                  "again: it is run again; done: what it did is taken as it is"));
  if (answer != "again" && answer != "done") {
    return make_error(ErrorCode::precondition, found + "; the answer is neither again nor done");
  }
  const bool again = answer == "again";
  COFFER_CHECK(make_exception(ceremony, act, again_finding(act, again), found));
  return again;
}

struct Ran {
  std::string program;  ///< its hash
  std::string status;
};

/// The intent's line is on disk before the program begins, as is the output's name.
Result<Ran> run_once(Ceremony& ceremony, const std::string& act, Output& output) {
  const std::vector<std::string>& words = ceremony.plan.programs.at(act);
  COFFER_TRY(std::string program, hash_file(words.front()));
  COFFER_CHECK(hold_against_preflight(ceremony, act, program));
  COFFER_TRY(std::string size, output.size());
  COFFER_CHECK(ceremony.journal.append(
      "intent", act, {{"program-sha256", program}, {"output-size", std::move(size)}}));
  COFFER_TRY(std::string status, run_child(words, output));
  if (status == "0") return Ran{std::move(program), std::move(status)};
  ceremony.failure = {{"exit-status", status}};
  return make_error(ErrorCode::precondition, words.front() + " " + how_it_ended(status) + ": " +
                                                 ceremony.path(act + ".output"));
}

Ran as_done(const Transcript& transcript, const TranscriptLine& tried) {
  std::string status = end_of(transcript, tried);
  return {std::string(fact(tried.facts, "program-sha256")),
          status.empty() ? "unknown" : std::move(status)};
}

Result<Ran> run_or_take(Ceremony& ceremony, const std::string& act) {
  const Transcript& transcript = ceremony.journal.transcript();
  const bool tried = last_try(transcript, act) != nullptr;
  COFFER_TRY(Output output, Output::open(ceremony.path(act + ".output"), tried));
  if (!tried) return run_once(ceremony, act, output);
  COFFER_TRY(const bool again, ask_to_run_again(ceremony, act, *last_try(transcript, act)));
  if (again) return run_once(ceremony, act, output);
  return as_done(transcript, *last_try(transcript, act));
}

Result<Facts> show_program(Ceremony& ceremony, const std::string& act) {
  const std::vector<std::string>& words = ceremony.plan.programs.at(act);
  COFFER_TRY(std::string program, hash_file(words.front()));
  COFFER_CHECK(hold_against_preflight(ceremony, act, program));
  return Facts{{"command", joined(words)},
               {"program-sha256", std::move(program)},
               {"run", "no, this is a rehearsal"}};
}

}  // namespace

Result<Facts> run_program(Ceremony& ceremony, const std::string& act) {
  if (ceremony.mode == Mode::rehearsal) return show_program(ceremony, act);
  COFFER_TRY(Ran ran, run_or_take(ceremony, act));
  COFFER_TRY(std::string hash, hash_file(ceremony.path(act + ".output")));
  return Facts{{"command", joined(ceremony.plan.programs.at(act))},
               {"program-sha256", std::move(ran.program)},
               {"exit-status", std::move(ran.status)},
               {"output-sha256", std::move(hash)}};
}

}  // namespace coffer::ceremony
