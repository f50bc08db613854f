// coffer-ceremony preflight: the first step of a ceremony by itself, before people come together.
#include <algorithm>
#include <cstdio>

#include "acts.h"
#include "coffer/base/terminal.h"
#include "coffer/model/json_writer.h"
#include "files.h"
#include "preflight.h"
#include "words.h"

namespace coffer::ceremony {
namespace {

const std::vector<Option> kOptions = {
    {"plan", "the plan", true},
    {"format", "table (default) or json"},
};

std::string as_json(const std::vector<Finding>& findings) {
  model::JsonWriter json;
  json.begin_array();
  for (const Finding& each : findings) {
    json.begin_object().key("finding").string(each.name);
    json.key("found").string(each.found + each.beside).key("good").boolean(each.good).end_object();
  }
  json.end_array();
  return json_for_terminal(json.view()) + "\n";
}

std::string as_table(const std::vector<Finding>& findings) {
  std::string out;
  for (const Finding& each : findings) {
    out += (each.good ? "good  " : "BAD   ") +
           for_terminal(each.name + "  " + each.found + each.beside) + "\n";
  }
  return out;
}

Result<std::vector<Finding>> look(const std::string& path) {
  COFFER_TRY(std::string text, read_file(path, kMaxPlan));
  COFFER_TRY(const Plan plan, parse_plan(std::move(text)));
  return preflight(plan, {plan.token.module, planned_uri(plan)});
}

}  // namespace

int preflight(const std::vector<std::string>& arguments) {
  const auto words = parse_words(arguments, kOptions);
  if (!words.ok()) return complain(words.error().text);
  if (words->help) return print_help("preflight -plan=FILE [OPTIONS]", kOptions);
  const auto json = wants_json(*words);
  if (!json.ok()) return complain(json.error().text);
  const auto findings = look((*words)["plan"]);
  if (!findings.ok()) return fail(findings.error());
  const std::string text = *json ? as_json(*findings) : as_table(*findings);
  if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) return kUsage;
  const bool good = std::all_of(findings->begin(), findings->end(),
                                [](const Finding& each) { return each.good; });
  return good ? kDone : kUnfit;
}

}  // namespace coffer::ceremony
