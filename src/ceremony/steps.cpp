#include "steps.h"

#include "plan_rules.h"

namespace coffer::ceremony {
namespace {

/// Who takes the SO PIN.
Role so_holder(const Plan& plan) { return plan.shares ? Role::custodian : Role::security_officer; }

const std::string kAllShares =
    "Every custodian types in their share, and each set of shares that is enough is tried.";

Step hand_out(const Plan& plan, std::string id) {
  const std::string so = plan.shares ? "The SO PIN is split, and each custodian alone looks at the "
                                       "screen and writes down a share."
                                     : "The security officer alone looks at the screen and writes "
                                       "down the SO PIN.";
  return {std::move(id),
          "PINs are made and handed out",
          so + " The user alone looks at the screen and writes down the user PIN.",
          "PINs handed out; none of them is in the transcript",
          {so_holder(plan), Role::user}};
}

void add_initialise(const Plan& plan, std::vector<Step>& steps) {
  steps.push_back(hand_out(plan, "pins"));
  steps.push_back({"initialise",
                   "The token is initialised",
                   plan.shares ? kAllShares + " The user types in the user PIN."
                               : "Both PINs are typed in by those who hold them.",
                   "the token's label and serial, as planned",
                   {so_holder(plan), Role::user}});
}

void add_change(const Plan& plan, std::vector<Step>& steps) {
  steps.push_back(hand_out(plan, "new-pins"));
  steps.push_back({"change-user-pin",
                   "The user PIN is changed",
                   "The old user PIN is typed in, then the new one.",
                   "the token takes the new user PIN",
                   {Role::user}});
  steps.push_back({"change-so-pin",
                   "The SO PIN is changed",
                   "The old SO PIN is typed in, then the new one. " +
                       (plan.shares ? kAllShares : std::string()),
                   "the token takes the new SO PIN",
                   {so_holder(plan)}});
}

void add_keys(const Plan& plan, std::vector<Step>& steps) {
  steps.push_back({"keys",
                   "The vault's keys are made",
                   "The user types in the user PIN.",
                   "kek and sign key, with the public key of the latter",
                   {Role::user}});
  steps.push_back({"attributes", "The keys are held against the plan",
                   "The attributes on the screen are compared with those of the plan.",
                   "each attribute as the plan has it"});
  if (has_act(plan, ActKind::enrol)) {
    steps.push_back({"enrolment", "The enrolment is written",
                     "The file enrolment.json is taken along to the vault.",
                     "the hash of enrolment.json"});
  }
}

void add_act(const Plan& plan, ActKind act, std::vector<Step>& steps) {
  switch (act) {
    case ActKind::initialise: return add_initialise(plan, steps);
    case ActKind::change_pins: return add_change(plan, steps);
    case ActKind::generate:
    case ActKind::enrol: return add_keys(plan, steps);
    case ActKind::decommission:
      steps.push_back({"decommission", "The vault's keys are destroyed",
                       "The token's serial is typed in by one who holds a PIN.",
                       "neither these keys nor the anchor on the token; what keys are left"});
      return;
    case ActKind::rotate:
    case ActKind::retire:
    case ActKind::restore_drill:
    case ActKind::accept_restore: break;
  }
  const std::string name(to_string(act));
  steps.push_back({name, "A program of the vault runs: " + name,
                   "This runs, and its output is read: " + joined(plan.programs.at(name)),
                   "exit status 0, and the hash of the output"});
}

}  // namespace

std::vector<Step> steps_of(const Plan& plan) {
  std::vector<Step> steps;
  steps.push_back({"plan", "The plan is compared",
                   "One reads the words of the plan's hash aloud, the others follow on paper.",
                   "the hash and the words that are printed on every copy"});
  steps.push_back({"preflight", "Machine, programs and token are looked at",
                   "The findings are read aloud; each that isn't good needs an exception.",
                   "hashes as the plan and the rehearsal have them, or as published; clock right; "
                   "swap and network off"});
  if (!plan.audit_checkpoints.empty()) {
    steps.push_back({"audit-before", "The audit log's checkpoint before",
                     "The newest checkpoint of the log is written down.", "size and root"});
  }
  const bool blank = has_act(plan, ActKind::initialise);
  if (!blank && !makes_keys(plan)) {
    steps.push_back({"token", "The token is opened", "The user types in the user PIN.",
                     "the serial, and the public key of the vault's sign key"});
  }
  for (const ActKind act : plan.acts) add_act(plan, act, steps);
  if (!plan.audit_checkpoints.empty()) {
    steps.push_back({"audit-after", "The audit log's checkpoint after",
                     "The newest checkpoint of the log is written down.", "size and root"});
  }
  return steps;
}

bool signed_by_token(const Plan& plan) noexcept {
  if (has_act(plan, ActKind::decommission)) return false;
  return makes_keys(plan) || !has_act(plan, ActKind::initialise);
}

}  // namespace coffer::ceremony
