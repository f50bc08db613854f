// coffer-ceremony plan, render, person: what is made before a ceremony.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "acts.h"
#include "coffer/crypto/ed25519.h"
#include "coffer/crypto/random.h"
#include "coffer/model/json_writer.h"
#include "files.h"
#include "hash_words.h"
#include "plan_rules.h"
#include "render.h"
#include "words.h"

namespace coffer::ceremony {
namespace {

const std::vector<Option> kPersonOptions = {
    {"name", "the person's name in plans", true},
    {"role", "security-officer, user, custodian or witness (default)"},
    {"out", "file for the private key (0400), a new one", true},
};
const std::vector<Option> kTemplateOptions = {{"profile", "token profile", true}};

int print(const std::string& text) {
  return std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0 ? kUsage : kDone;
}

/// `true`, a number or a string, as a plan has it.
void add_value(model::JsonWriter& json, const std::string& value) {
  const bool digits = !value.empty() && value.size() < 10 &&
                      value.find_first_not_of("0123456789") == std::string::npos &&
                      (value.size() == 1 || value.front() != '0');
  if (value == "true" || value == "false" || digits) {
    json.raw(value);
  } else {
    json.string(value);
  }
}

Result<std::string> template_json(const std::string& profile) {
  model::JsonWriter json;
  json.begin_object();
  for (const std::string name : {"kek", "sign"}) {
    COFFER_TRY(const auto attributes, pkcs11::key_template(role_of_key(name), profile));
    json.key(name).begin_object().key("label").string("coffer " + name + " v1");
    json.key("attributes").begin_object();
    for (const pkcs11::StatedAttribute& each : attributes) {
      json.key(each.name);
      add_value(json, each.value);
    }
    json.end_object().end_object();
  }
  json.end_object();
  return std::move(json).take() + "\n";
}

Result<std::string> checked(const std::string& path) {
  COFFER_TRY(std::string text, read_file(path, kMaxPlan));
  COFFER_TRY(const Plan plan, parse_plan(std::move(text)));
  std::string out = "purpose  " + plan.purpose + "\nacts    ";
  for (const ActKind act : plan.acts) out.append(" ").append(to_string(act));
  out.append("\nsha256   ").append(to_hex(plan.hash));
  return out.append("\nwords    ").append(in_words(plan.hash)).append("\n");
}

Result<std::string> rendered(const std::string& path) {
  COFFER_TRY(std::string text, read_file(path, kMaxPlan));
  COFFER_TRY(const Plan plan, parse_plan(std::move(text)));
  return render_script(plan);
}

int print_or_fail(const Result<std::string>& text) {
  return text.ok() ? print(*text) : fail(text.error());
}

Result<std::string> make_person(const std::string& name, const std::string& role,
                                const std::string& path) {
  COFFER_TRY(const SecureBytes pem, crypto::make_ed25519_pem());
  COFFER_TRY(const Bytes key, crypto::ed25519_public(pem));
  if (::access(path.c_str(), F_OK) == 0) {
    return make_error(ErrorCode::conflict, "there is a file already: " + path);
  }
  COFFER_CHECK(write_secret(path, pem));
  model::JsonWriter json;
  json.begin_object().key(name).begin_object().key("role").string(role.empty() ? "witness" : role);
  json.key("key").string(to_base64(key)).end_object().end_object();
  return std::move(json).take() + "\n";
}

}  // namespace

int plan(const std::vector<std::string>& arguments) {
  constexpr std::string_view kUsageText =
      "plan check FILE\n       coffer-ceremony plan template -profile=NAME";
  if (arguments.empty()) return complain("want check or template");
  const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  if (arguments.front() == "template") {
    const auto words = parse_words(rest, kTemplateOptions);
    if (!words.ok()) return complain(words.error().text);
    if (words->help) return print_help(kUsageText, kTemplateOptions);
    return print_or_fail(template_json((*words)["profile"]));
  }
  const bool check = arguments.front() == "check";
  const auto words = parse_words(check ? rest : arguments, {}, Operand::one);
  if (!words.ok()) return complain(words.error().text);
  if (words->help) return print_help(kUsageText, kTemplateOptions);
  if (!check) return complain("no such act of plan: want check or template");
  if (words->word.empty()) return complain("want the plan's file");
  return print_or_fail(checked(words->word));
}

int render(const std::vector<std::string>& arguments) {
  const auto words = parse_words(arguments, {}, Operand::one);
  if (!words.ok()) return complain(words.error().text);
  if (words->help) return print_help("render FILE", {});
  if (words->word.empty()) return complain("want the plan's file");
  return print_or_fail(rendered(words->word));
}

int person(const std::vector<std::string>& arguments) {
  const auto words = parse_words(arguments, kPersonOptions);
  if (!words.ok()) return complain(words.error().text);
  if (words->help) return print_help("person -name=NAME -out=FILE", kPersonOptions);
  if (!is_plain_name((*words)["name"])) {
    return complain("-name must be letters, digits, '.', '-', '_', 1 to 64");
  }
  const std::string& role = (*words)["role"];
  if (!role.empty() && !is_role(role)) {
    return complain("-role must be security-officer, user, custodian or witness");
  }
  return print_or_fail(make_person((*words)["name"], role, (*words)["out"]));
}

}  // namespace coffer::ceremony
