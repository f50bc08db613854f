#include "plan.h"

#include <algorithm>

#include "coffer/crypto/ed25519.h"
#include "plan_fields.h"
#include "plan_rules.h"

namespace coffer::ceremony {
namespace {

template <typename Value>
struct Named {
  Value value;
  std::string_view name;
};
constexpr Named<ActKind> kActs[] = {
    {ActKind::initialise, "initialise"},
    {ActKind::generate, "generate"},
    {ActKind::enrol, "enrol"},
    {ActKind::change_pins, "change-pins"},
    {ActKind::rotate, "rotate"},
    {ActKind::retire, "retire"},
    {ActKind::restore_drill, "restore-drill"},
    {ActKind::accept_restore, "accept-restore"},
    {ActKind::decommission, "decommission"},
};
constexpr Named<Role> kRoles[] = {
    {Role::security_officer, "security-officer"},
    {Role::user, "user"},
    {Role::custodian, "custodian"},
    {Role::witness, "witness"},
};

template <typename Table>
auto by_name(const Table& table, std::string_view name) -> decltype(&table[0]) {
  const auto found = std::find_if(std::begin(table), std::end(table),
                                  [&](const auto& each) { return each.name == name; });
  return found == std::end(table) ? nullptr : found;
}

Result<std::vector<ActKind>> read_acts(const PlanFields& fields) {
  COFFER_TRY(const std::vector<std::string> names, fields.list("acts"));
  std::vector<ActKind> acts;
  for (const std::string& name : names) {
    const auto* const act = by_name(kActs, name);
    if (act == nullptr) return fields.wrong("acts", "names an act that there isn't");
    if (std::count(acts.begin(), acts.end(), act->value) != 0) {
      return fields.wrong("acts", "names an act twice");
    }
    acts.push_back(act->value);
  }
  if (acts.empty()) return fields.wrong("acts", "must name at least one act");
  return acts;
}

Result<PlannedToken> read_token(const PlanFields& parent) {
  COFFER_TRY(const PlanFields fields, parent.object("token"));
  COFFER_CHECK(fields.only({"module", "serial", "label", "profile", "sync_directory"}));
  PlannedToken token;
  COFFER_TRY(token.module, fields.text("module"));
  COFFER_TRY(token.serial, fields.text_or("serial", ""));
  COFFER_TRY(token.label, fields.text("label"));
  COFFER_TRY(token.profile, fields.text("profile"));
  COFFER_TRY(token.sync_directory, fields.text_or("sync_directory", ""));
  if (!token.module.starts_with('/')) return fields.wrong("module", "must be an absolute path");
  // Both go into a URI.
  if (!is_plain_name(token.label) || token.label.size() > 32) {
    return fields.wrong("label", "must be letters, digits, '.', '-', '_', 1 to 32");
  }
  if (!token.serial.empty() && !is_plain_name(token.serial)) {
    return fields.wrong("serial", "must be letters, digits, '.', '-', '_'");
  }
  if (token.profile == "auto" || !pkcs11::check_profile_name(token.profile).ok()) {
    return fields.wrong("profile", "must be a token profile by name, and not auto");
  }
  return token;
}

Result<Person> read_person(const PlanFields& fields) {
  COFFER_CHECK(fields.only({"role", "key"}));
  Person person;
  COFFER_TRY(const std::string role, fields.text("role"));
  const auto* const known = by_name(kRoles, role);
  if (known == nullptr) {
    return fields.wrong("role", "must be security-officer, user, custodian or witness");
  }
  person.role = known->value;
  COFFER_TRY(const std::string key, fields.text("key"));
  auto bytes = from_base64(key);
  if (!bytes.ok() || bytes->size() != crypto::kEd25519KeySize) {
    return fields.wrong("key", "must be an Ed25519 public key, 32 bytes in base64");
  }
  if (!crypto::check_ed25519_key(*bytes).ok()) {
    return fields.wrong("key", "is of small order: anybody can sign with it");
  }
  person.key = *std::move(bytes);
  return person;
}

Result<void> read_people(const PlanFields& parent, Plan& plan) {
  COFFER_TRY(const PlanFields fields, parent.object("people"));
  for (const std::string& name : fields.names()) {
    if (!is_plain_name(name)) {
      return parent.wrong("people", "must have names of letters, digits, '.', '-', '_', 1 to 64");
    }
    COFFER_TRY(const PlanFields each, fields.object(name));
    COFFER_TRY(Person person, read_person(each));
    const bool shared = std::any_of(plan.people.begin(), plan.people.end(), [&](const auto& other) {
      return other.second.key == person.key;
    });
    if (shared) return each.wrong("key", "is another person's too");
    plan.people.emplace(name, std::move(person));
  }
  return {};
}

Result<void> read_keys(const PlanFields& parent, Plan& plan) {
  if (!parent.has("keys")) return {};
  COFFER_TRY(const PlanFields fields, parent.object("keys"));
  COFFER_CHECK(fields.only({"kek", "sign"}));
  for (const std::string& role : fields.names()) {
    COFFER_TRY(const PlanFields each, fields.object(role));
    COFFER_CHECK(each.only({"label", "attributes"}));
    PlannedKey key;
    COFFER_TRY(key.label, each.text("label"));
    COFFER_TRY(const PlanFields attributes, each.object("attributes"));
    for (const std::string& name : attributes.names()) {
      COFFER_TRY(std::string value, attributes.scalar(name));
      key.attributes.push_back({name, std::move(value)});
    }
    plan.keys.emplace(role, std::move(key));
  }
  return {};
}

Result<void> read_programs(const PlanFields& parent, Plan& plan) {
  if (!parent.has("programs")) return {};
  COFFER_TRY(const PlanFields fields, parent.object("programs"));
  for (const std::string& name : fields.names()) {
    const auto* const act = by_name(kActs, name);
    if (act == nullptr || !is_program(act->value) || !has_act(plan, act->value)) {
      return fields.wrong(name, "isn't an act of this plan that runs a program");
    }
    COFFER_TRY(std::vector<std::string> words, fields.list(name));
    if (words.empty() || !words.front().starts_with('/')) {
      return fields.wrong(name, "must begin with a program's absolute path");
    }
    plan.programs.emplace(name, std::move(words));
  }
  return {};
}

Result<void> read_hashes(const PlanFields& parent, Plan& plan) {
  if (!parent.has("hashes")) return {};
  COFFER_TRY(const PlanFields fields, parent.object("hashes"));
  for (const std::string& name : fields.names()) {
    if (name != "coffer-ceremony" && name != "module" && plan.programs.count(name) == 0) {
      return fields.wrong(name, "isn't coffer-ceremony, module, or an act that runs a program");
    }
    COFFER_TRY(std::string hash, fields.text(name));
    if (hash.size() != 64 || hash.find_first_not_of("0123456789abcdef") != std::string::npos) {
      return fields.wrong(name, "must be a SHA-256, 64 hexadecimal digits in lower case");
    }
    plan.hashes.emplace(name, std::move(hash));
  }
  return {};
}

Result<void> read_shares(const PlanFields& parent, Plan& plan) {
  if (!parent.has("shares")) return {};
  COFFER_TRY(const PlanFields fields, parent.object("shares"));
  COFFER_CHECK(fields.only({"needed", "total"}));
  Shares shares;
  COFFER_TRY(shares.needed, fields.number("needed"));
  COFFER_TRY(shares.total, fields.number("total"));
  if (shares.needed < 2 || shares.total < shares.needed || shares.total > 16) {
    return parent.wrong("shares", "must have 2 <= needed <= total <= 16");
  }
  plan.shares = shares;
  return {};
}

}  // namespace

std::string_view to_string(ActKind act) noexcept {
  for (const auto& each : kActs) {
    if (each.value == act) return each.name;
  }
  return {};
}

bool is_role(std::string_view name) noexcept { return by_name(kRoles, name) != nullptr; }

std::string_view to_string(Role role) noexcept {
  for (const auto& each : kRoles) {
    if (each.value == role) return each.name;
  }
  return {};
}

bool is_program(ActKind act) noexcept {
  return act == ActKind::rotate || act == ActKind::retire || act == ActKind::restore_drill ||
         act == ActKind::accept_restore;
}

bool is_plain_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= 64 && name.front() != '.' && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '-' || c == '_';
         });
}

std::string planned_uri(const Plan& plan) {
  return plan.token.serial.empty() ? std::string() : "pkcs11:serial=" + plan.token.serial;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out.append(out.empty() ? "" : " ").append(word);
  return out;
}

bool has_act(const Plan& plan, ActKind act) noexcept {
  return std::find(plan.acts.begin(), plan.acts.end(), act) != plan.acts.end();
}

std::size_t count_role(const Plan& plan, Role role) noexcept {
  return static_cast<std::size_t>(
      std::count_if(plan.people.begin(), plan.people.end(),
                    [&](const auto& each) { return each.second.role == role; }));
}

Result<Plan> parse_plan(std::string text) {
  if (text.size() > kMaxPlan) return make_error(ErrorCode::too_large, "a plan has at most 256 KiB");
  Plan plan;
  plan.text = text;
  COFFER_TRY(plan.hash, crypto::sha256(as_bytes(text)));
  COFFER_TRY(const PlanFields fields, PlanFields::parse(std::move(text)));
  COFFER_CHECK(
      fields.only({"format", "purpose", "acts", "vault", "token", "people", "keys", "programs",
                   "hashes", "shares", "audit_checkpoints", "key_version", "sign_version"}));
  COFFER_TRY(const std::uint32_t format, fields.number("format"));
  if (format != 1) return fields.wrong("format", "must be 1");
  COFFER_TRY(plan.purpose, fields.text("purpose"));
  if (plan.purpose.empty()) return fields.wrong("purpose", "must say something");
  COFFER_TRY(plan.acts, read_acts(fields));
  COFFER_TRY(const std::string vault, fields.text("vault"));
  const auto id = parse_uuid(vault);
  if (!id.ok()) return fields.wrong("vault", "must be the id of a vault");
  plan.vault = *id;
  COFFER_TRY(plan.token, read_token(fields));
  COFFER_CHECK(read_people(fields, plan));
  COFFER_CHECK(read_keys(fields, plan));
  COFFER_CHECK(read_programs(fields, plan));
  COFFER_CHECK(read_hashes(fields, plan));
  COFFER_CHECK(read_shares(fields, plan));
  COFFER_TRY(plan.audit_checkpoints, fields.text_or("audit_checkpoints", ""));
  if (fields.has("key_version")) {
    COFFER_TRY(plan.key_version, fields.number("key_version"));
  }
  plan.sign_version = plan.key_version;
  if (fields.has("sign_version")) {
    COFFER_TRY(plan.sign_version, fields.number("sign_version"));
  }
  COFFER_CHECK(check_rules(plan));
  return plan;
}

}  // namespace coffer::ceremony
