#include <algorithm>

#include "ceremony.h"

namespace coffer::ceremony {
namespace {

constexpr int kTries = 3;

bool is_finished(const Transcript& transcript, const Step& step, std::string_view type) {
  return transcript.find(type, step.id) != nullptr;
}

void show(Ceremony& ceremony, const Step& step, const Facts& facts) {
  for (const Fact& each : facts) ceremony.console.say("  " + each.name + ": " + each.value);
  ceremony.console.say("Expected: " + step.expected + ".");
}

/// Why these two can't confirm the step; empty if they can.
std::string why_not(const Plan& plan, const Step& step, const std::string& first,
                    const std::string& second) {
  for (const std::string& name : {first, second}) {
    if (plan.people.count(name) == 0) return "who confirms isn't one of the plan's people";
  }
  if (first == second) return "the same person can't confirm twice";
  for (const Role role : step.confirmed_by) {
    const bool there = plan.people.at(first).role == role || plan.people.at(second).role == role;
    if (!there) return "one of the two must have the role " + std::string(to_string(role));
  }
  return {};
}

Result<void> confirm(Ceremony& ceremony, const Step& step) {
  std::string why;
  for (int tries = 0; tries < kTries; ++tries) {
    const std::string key = "confirm." + step.id;
    COFFER_TRY(const std::string first,
               ceremony.console.ask(key + ".1", "It was as expected. First person's name"));
    COFFER_TRY(const std::string second, ceremony.console.ask(key + ".2", "Second person's name"));
    why = why_not(ceremony.plan, step, first, second);
    if (why.empty()) {
      return ceremony.journal.append("confirmed", step.id, {{"first", first}, {"second", second}});
    }
    ceremony.console.say("Not taken: " + why + ".");
    COFFER_CHECK(ceremony.journal.append("refused", step.id, {{"why", why}}));
  }
  return make_error(ErrorCode::permission_denied, "step " + step.id + ": " + why);
}

Result<void> run_step(Ceremony& ceremony, const Step& step) {
  const Transcript& transcript = ceremony.journal.transcript();
  if (is_finished(transcript, step, "confirmed")) return {};
  ceremony.console.say("\n== " + step.title + "\n" + step.instruction);
  if (!is_finished(transcript, step, "done")) {
    COFFER_CHECK(ceremony.journal.append("step", step.id, {}));
    auto facts = perform(ceremony, step);
    if (!facts.ok()) {
      COFFER_CHECK(ceremony.journal.append("failed", step.id, {{"why", facts.error().text}}));
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

std::string person_with(const Plan& plan, Role role) {
  const auto found = std::find_if(plan.people.begin(), plan.people.end(),
                                  [&](const auto& each) { return each.second.role == role; });
  return found == plan.people.end() ? std::string() : found->first;
}

Result<void> make_exception(Ceremony& ceremony, std::string_view step, std::string_view finding,
                            std::string_view found) {
  const std::string what = std::string(finding) + ": " + std::string(found);
  ceremony.console.say("Not as it should be: " + what);
  const auto reason = ceremony.console.ask("exception." + std::string(finding),
                                           "Reason to go on all the same (empty: stop)");
  if (!reason.ok() || reason->empty()) {
    return make_error(ErrorCode::precondition, what + "; nobody gave a reason to go on");
  }
  return ceremony.journal.append(
      "exception", step,
      {{"finding", std::string(finding)}, {"found", std::string(found)}, {"reason", *reason}});
}

Result<void> conduct(Ceremony& ceremony) {
  if (ceremony.journal.transcript().find("end") != nullptr) return {};
  Result<void> all = run_steps(ceremony);
  if (!all.ok()) {
    static_cast<void>(ceremony.journal.append("aborted", {}, {{"why", all.error().text}}).ok());
    return all;
  }
  return ceremony.journal.append("end", {}, {});
}

}  // namespace coffer::ceremony
