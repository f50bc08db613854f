// Two people of the plan answer for what happened: a step's outcome, or going on without one.
#include <algorithm>

#include "ceremony.h"
#include "coffer/base/terminal.h"

namespace coffer::ceremony {
namespace {

constexpr int kTries = 3;

/// Whatever else was typed in there may be a PIN.
std::string known(const Plan& plan, const std::string& name) {
  return plan.people.count(name) == 0 ? std::string("unknown") : name;
}

}  // namespace

std::string why_not(const Plan& plan, const std::vector<Role>& roles, const TwoPeople& two) {
  for (const std::string& name : {two.first, two.second}) {
    if (plan.people.count(name) == 0) return "who confirms isn't one of the plan's people";
  }
  if (two.first == two.second) return "the same person can't confirm twice";
  for (const Role role : roles) {
    const bool there =
        plan.people.at(two.first).role == role || plan.people.at(two.second).role == role;
    if (!there) return "one of the two must have the role " + std::string(to_string(role));
  }
  return {};
}

Result<TwoPeople> ask_two(Ceremony& ceremony, const Question& question) {
  std::string why;
  for (int tries = 0; tries < kTries; ++tries) {
    const std::string key = "confirm." + question.key;
    TwoPeople two;
    COFFER_TRY(two.first, ceremony.console.ask(key + ".1", question.first));
    COFFER_TRY(two.second, ceremony.console.ask(key + ".2", question.second));
    why = why_not(ceremony.plan, question.roles, two);
    if (why.empty()) return two;
    ceremony.console.say("Not taken: " + why + ".");
    const auto& lines = ceremony.journal.transcript().lines;
    // Its first line is another, and so is its last.
    if (lines.empty() || lines.back().type == "end") continue;
    COFFER_CHECK(ceremony.journal.append("refused", question.step,
                                         {{"why", why},
                                          {"first", known(ceremony.plan, two.first)},
                                          {"second", known(ceremony.plan, two.second)}}));
  }
  return make_error(ErrorCode::permission_denied, why);
}

Result<Facts> ask_exception(Ceremony& ceremony, std::string_view step, std::string_view finding,
                            std::string_view found) {
  const std::string what = std::string(finding) + ": " + std::string(found);
  ceremony.console.say("Not as it should be: " + for_terminal(what));
  const auto reason = ceremony.console.ask("exception." + std::string(finding),
                                           "Reason to go on all the same (empty: stop)");
  if (!reason.ok() || reason->empty()) {
    return make_error(ErrorCode::precondition, what + "; nobody gave a reason to go on");
  }
  COFFER_TRY(const TwoPeople two,
             ask_two(ceremony, {"exception", std::string(step),
                                "Two answer for the reason. The first one's name is",
                                "The second one's name is"}));
  return Facts{{"finding", std::string(finding)},
               {"found", std::string(found)},
               {"reason", *reason},
               {"first", two.first},
               {"second", two.second}};
}

Result<void> make_exception(Ceremony& ceremony, std::string_view step, std::string_view finding,
                            std::string_view found) {
  COFFER_TRY(Facts facts, ask_exception(ceremony, step, finding, found));
  COFFER_CHECK(ceremony.journal.append("exception", step, std::move(facts)));
  show_head(ceremony);
  return {};
}

std::string person_with(const Plan& plan, Role role) {
  const auto found = std::find_if(plan.people.begin(), plan.people.end(),
                                  [&](const auto& each) { return each.second.role == role; });
  return found == plan.people.end() ? std::string() : found->first;
}

}  // namespace coffer::ceremony
