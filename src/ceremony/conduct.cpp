#include <utility>

#include "ceremony.h"
#include "coffer/base/terminal.h"
#include "hash_words.h"

namespace coffer::ceremony {
namespace {

bool is_finished(const Transcript& transcript, const Step& step, std::string_view type) {
  return transcript.find(type, step.id) != nullptr;
}

void show(Ceremony& ceremony, const Step& step, const Facts& facts) {
  show_facts(ceremony, facts, "  ");
  ceremony.console.say("Expected: " + step.expected + ".");
}

Result<void> confirm(Ceremony& ceremony, const Step& step) {
  const auto two = ask_two(ceremony, {step.id, step.id, "It was as expected. First person's name",
                                      "Second person's name", step.confirmed_by});
  if (!two.ok()) {
    return make_error(two.error().code, "step " + step.id + ": " + two.error().text);
  }
  COFFER_CHECK(ceremony.journal.append("confirmed", step.id,
                                       {{"first", two->first}, {"second", two->second}}));
  show_head(ceremony);
  return {};
}

Result<void> run_step(Ceremony& ceremony, const Step& step) {
  const Transcript& transcript = ceremony.journal.transcript();
  if (is_finished(transcript, step, "confirmed")) return {};
  ceremony.console.say("\n== " + step.title + "\n" + step.instruction);
  if (!is_finished(transcript, step, "done")) {
    COFFER_CHECK(ceremony.journal.append("step", step.id, {}));
    auto facts = perform(ceremony, step);
    if (!facts.ok()) {
      Facts failed{{"why", facts.error().text}};
      for (Fact& each : std::exchange(ceremony.failure, {})) failed.push_back(std::move(each));
      COFFER_CHECK(ceremony.journal.append("failed", step.id, std::move(failed)));
      return make_error(facts.error().code, "step " + step.id + ": " + facts.error().text,
                        facts.error().cause);
    }
    COFFER_CHECK(ceremony.journal.append("done", step.id, *std::move(facts)));
  }
  show(ceremony, step, transcript.find("done", step.id)->facts);
  return confirm(ceremony, step);
}

Result<void> run_steps(Ceremony& ceremony) {
  for (const Step& step : steps_of(ceremony.plan)) COFFER_CHECK(run_step(ceremony, step));
  return {};
}

}  // namespace

void show_facts(Ceremony& ceremony, const Facts& facts, const std::string& indent) {
  for (const Fact& each : facts) {
    ceremony.console.say(indent + for_terminal(each.name) + ": " + for_terminal(each.value));
  }
}

void show_head(Ceremony& ceremony) {
  const std::string& head = ceremony.journal.transcript().head;
  const auto hash = from_hex(head);
  ceremony.console.say("Note the transcript's hash: " + head + "\n  " +
                       (hash.ok() ? in_words(*hash) : std::string()));
}

Result<void> or_aborted(Ceremony& ceremony, Result<void> result) {
  if (result.ok()) return result;
  const bool told = ceremony.journal.append("aborted", {}, {{"why", result.error().text}}).ok();
  ceremony.console.say("\nThe ceremony was aborted.");
  if (told) show_head(ceremony);
  return result;
}

Result<void> conduct(Ceremony& ceremony) {
  if (ceremony.journal.transcript().find("end") != nullptr) return {};
  COFFER_CHECK(or_aborted(ceremony, run_steps(ceremony)));
  return ceremony.journal.append("end", {}, {});
}

}  // namespace coffer::ceremony
