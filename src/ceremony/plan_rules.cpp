#include "plan_rules.h"

#include <algorithm>

namespace coffer::ceremony {
namespace {

Error wrong(std::string_view field, std::string_view what) {
  return make_error(ErrorCode::invalid_argument,
                    "field \"" + std::string(field) + "\" " + std::string(what));
}

/// A PIN for one person alone, and two different people for the two PINs.
Result<void> check_people(const Plan& plan) {
  if (plan.people.size() < 2) return wrong("people", "must name at least two people");
  if (!makes_pins(plan)) return {};
  if (count_role(plan, Role::user) != 1) return wrong("people", "must have one with the role user");
  if (!plan.shares) {
    if (count_role(plan, Role::security_officer) == 1) return {};
    return wrong("people", "must have one with the role security-officer");
  }
  if (count_role(plan, Role::custodian) != plan.shares->total) {
    return wrong("people", "must have as many with the role custodian as there are shares");
  }
  return {};
}

Result<void> check_template(const Plan& plan, const std::string& name) {
  const auto planned = plan.keys.find(name);
  const std::string field = "keys." + name;
  if (planned == plan.keys.end()) return wrong(field, "is missing: the acts make that key");
  const std::string label = "coffer " + name + " v1";
  if (planned->second.label != label) return wrong(field + ".label", "must be \"" + label + "\"");
  COFFER_TRY(const auto wanted, pkcs11::key_template(role_of_key(name), plan.token.profile));
  return compare_attributes(name, planned->second, wanted);
}

Result<void> check_programs(const Plan& plan) {
  for (const ActKind act : plan.acts) {
    const std::string name(to_string(act));
    if (is_program(act) && plan.programs.count(name) == 0) {
      return wrong("programs." + name, "is missing: the act runs a program");
    }
  }
  return {};
}

Result<void> check_acts(const Plan& plan) {
  if (has_act(plan, ActKind::enrol) && has_act(plan, ActKind::generate)) {
    return wrong("acts", "can't have both generate and enrol: both make the token's first keys");
  }
  if (has_act(plan, ActKind::decommission) && plan.acts.size() > 1) {
    return wrong("acts", "can't have decommission beside others");
  }
  if (has_act(plan, ActKind::initialise) && has_act(plan, ActKind::change_pins)) {
    return wrong("acts", "can't have both initialise and change-pins");
  }
  if (has_act(plan, ActKind::initialise) && plan.acts.front() != ActKind::initialise) {
    return wrong("acts", "must have initialise first");
  }
  if (!has_act(plan, ActKind::initialise) && plan.token.serial.empty()) {
    return wrong("token.serial", "is missing: the token has one already");
  }
  return {};
}

}  // namespace

pkcs11::KeyRole role_of_key(std::string_view name) noexcept {
  return name == "kek" ? pkcs11::KeyRole::kek : pkcs11::KeyRole::sign;
}

bool makes_keys(const Plan& plan) noexcept {
  return has_act(plan, ActKind::generate) || has_act(plan, ActKind::enrol);
}

bool makes_pins(const Plan& plan) noexcept {
  return has_act(plan, ActKind::initialise) || has_act(plan, ActKind::change_pins);
}

Result<void> compare_attributes(std::string_view key, const PlannedKey& planned,
                                const std::vector<pkcs11::StatedAttribute>& got) {
  const std::string field = "keys." + std::string(key) + ".attributes.";
  const auto find = [](const auto& list, const std::string& name) {
    return std::find_if(list.begin(), list.end(), [&](const auto& a) { return a.name == name; });
  };
  for (const pkcs11::StatedAttribute& each : got) {
    const auto in_plan = find(planned.attributes, each.name);
    if (in_plan == planned.attributes.end()) return wrong(field + each.name, "is missing");
    if (each.value == "absent" && each.may_be_absent) continue;
    if (in_plan->value != each.value) {
      return wrong(field + each.name, "is " + in_plan->value + ", and " + each.value + " here");
    }
  }
  for (const pkcs11::StatedAttribute& each : planned.attributes) {
    if (find(got, each.name) == got.end()) return wrong(field + each.name, "isn't known");
  }
  return {};
}

Result<void> check_rules(const Plan& plan) {
  COFFER_CHECK(check_acts(plan));
  COFFER_CHECK(check_people(plan));
  COFFER_CHECK(check_programs(plan));
  if (!makes_keys(plan)) return {};
  for (const auto& [name, version] :
       {std::pair{"key_version", plan.key_version}, std::pair{"sign_version", plan.sign_version}}) {
    if (version != 1) return wrong(name, "must be 1: the acts make the first keys");
  }
  COFFER_CHECK(check_template(plan, "kek"));
  return check_template(plan, "sign");
}

}  // namespace coffer::ceremony
