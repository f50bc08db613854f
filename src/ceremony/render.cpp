#include "render.h"

#include <fmt/core.h>

#include "hash_words.h"
#include "plan_rules.h"
#include "steps.h"

namespace coffer::ceremony {
namespace {

constexpr std::string_view kPageBreak = "\n---\n\n";
constexpr std::string_view kBlank = "________";
constexpr int kExceptionLines = 6;

/// For a cell of a table, or a line: no mark-up of its own.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|' || c == '*' || c == '`' || c == '#' || c == '<') out.push_back('\\');
    out.push_back(c < ' ' && c >= 0 ? ' ' : c);
  }
  return out;
}

void add_head(const Plan& plan, std::string& out) {
  out += "# Key ceremony: " + plain(plan.purpose) + "\n\n";
  out += "| | |\n|---|---|\n| acts |";
  for (const ActKind act : plan.acts) out += " " + std::string(to_string(act));
  out += " |\n| vault | " + to_string(plan.vault) + " |\n";
  out += "| token | " + plain(plan.token.label) + ", serial " +
         (plan.token.serial.empty() ? std::string(kBlank) : plain(plan.token.serial)) + " |\n";
  out += "| module | " + plain(plan.token.module) + " |\n";
  out += "| profile | " + plain(plan.token.profile) + " |\n";
  out += fmt::format("| date and place | {} |\n\n", kBlank);
  out += "Plan, SHA-256: " + to_hex(plan.hash) + "\n\nIn words: " + in_words(plan.hash) + "\n\n";
  out += "## People\n\n| name | role | key | signature |\n|---|---|---|---|\n";
  for (const auto& [name, person] : plan.people) {
    out += fmt::format("| {} | {} | {} | {} |\n", name, to_string(person.role),
                       to_base64(person.key), kBlank);
  }
}

void add_steps(const Plan& plan, std::string& out) {
  out +=
      "## Steps\n\nNo step is left out, and none is done before the one above it was confirmed "
      "by two people.\n\n| step | what is done | what is expected | time | initials |\n"
      "|---|---|---|---|---|\n";
  int number = 0;
  for (const Step& step : steps_of(plan)) {
    out += fmt::format("| {} | {}. {} | {} | {} | {} |\n", ++number, step.title,
                       plain(step.instruction), plain(step.expected), kBlank, kBlank);
  }
}

void add_keys(const Plan& plan, std::string& out) {
  for (const auto& [name, key] : plan.keys) {
    out += "\n## Key " + name + ", " + plain(key.label) + "\n\n| attribute | value | seen |\n" +
           "|---|---|---|\n";
    for (const pkcs11::StatedAttribute& each : key.attributes) {
      out += fmt::format("| {} | {} | {} |\n", plain(each.name), plain(each.value), kBlank);
    }
  }
}

void add_exceptions(std::string& out) {
  out +=
      "## Exceptions\n\n| step | what was not as expected | why it went on | initials |\n"
      "|---|---|---|---|\n";
  for (int i = 0; i < kExceptionLines; ++i) {
    out += fmt::format("| {0} | {0} | {0} | {0} |\n", kBlank);
  }
  out += fmt::format("\nThe transcript's hash, at the end: {}\n", kBlank);
}

std::string what_is_taken(const Plan& plan, Role role) {
  if (role == Role::user) return "the user PIN";
  if (role == Role::custodian && plan.shares) return "a share of the SO PIN";
  if (role == Role::security_officer && !plan.shares) return "the SO PIN";
  return {};
}

void add_forms(const Plan& plan, std::string& out) {
  if (!makes_pins(plan)) return;  // nobody takes anything
  for (const auto& [name, person] : plan.people) {
    const std::string what = what_is_taken(plan, person.role);
    if (what.empty()) continue;
    out += kPageBreak;
    out += "## Custodian's form: " + name + "\n\n";
    out += fmt::format(
        "I took {} of the token {}. I keep it where nobody else comes to it, tell "
        "nobody, and report at once if it may be known to others.\n\n",
        what, plain(plan.token.label));
    out += fmt::format(
        "| envelope number | {0} |\n|---|---|\n| date | {0} |\n| signature | {0} |\n"
        "| witness | {0} |\n\n",
        kBlank);
    out += fmt::format(
        "### Label\n\n{}: {}, token {}, vault {}. Not to be opened but at a "
        "ceremony.\n",
        name, what, plain(plan.token.label), to_string(plan.vault));
  }
}

}  // namespace

std::string render_script(const Plan& plan) {
  std::string out;
  add_head(plan, out);
  out += kPageBreak;
  add_steps(plan, out);
  add_keys(plan, out);
  out += kPageBreak;
  add_exceptions(out);
  add_forms(plan, out);
  return out;
}

}  // namespace coffer::ceremony
