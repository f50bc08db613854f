// policy test: cases in a file, each decided by the daemon, with results in the Test Anything
// Protocol (testanything.org, version 13).
#include "commands.h"
#include "policy_cases.h"
#include "render.h"
#include "session.h"
#include "terminal.h"

namespace coffer::cli {
namespace {

using model::Json;

std::string directory_of(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  return slash == std::string::npos ? "" : file.substr(0, slash + 1);
}

/// One line of a TAP stream: '#' begins a directive, and a line break another result.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '#' || c == '\\') out += '\\';
    out += c == '\n' || c == '\r' ? ' ' : c;
  }
  return out;
}

void print_reason(Console& console, const Json& data, bool expected) {
  console.line(std::string("# expected ") + (expected ? "allow" : "deny"));
  for (const std::string_view name : {"rule", "policy", "why"}) {
    const Json* value = data.find(name);
    if (value == nullptr || value->text().empty() || value->is_null()) continue;
    console.line("# " + std::string(name) + ": " + escaped(value->text()));
  }
}

/// nullopt: there was no answer, and the test is over.
std::optional<bool> run_case(Session& session, const PolicyCase& one, std::size_t number) {
  const auto answer = session.ask_first(
      "deciding case " + std::to_string(number),
      {.method = "PUT", .path = "sys/policies/explain", .body = one.question.compact()});
  if (!answer) return std::nullopt;
  const Json* allowed = answer->json.find_path({"data", "allowed"});
  if (allowed == nullptr || allowed->kind() != Json::Kind::boolean) {
    session.fail(kRemote, "Error deciding case " + std::to_string(number) +
                              ": the answer doesn't say whether it is allowed");
    return std::nullopt;
  }
  const bool passed = (allowed->text() == "true") == one.expect_allowed;
  session.console().line(std::string(passed ? "ok " : "not ok ") + std::to_string(number) + " - " +
                         escaped(one.name));
  if (!passed) print_reason(session.console(), *answer->json.find("data"), one.expect_allowed);
  return passed;
}

int policy_test(Session& session) {
  const std::string& file = session.positional()[0];
  const auto text = file == "-" ? session.console().read_all() : read_file(file);
  if (!text.ok()) return session.fail(kLocal, "Error: " + text.error().text);
  const std::string directory = directory_of(file);
  const auto cases = read_policy_cases(*text, [&directory](const std::string& name) {
    return read_file(name.starts_with('/') ? name : directory + name);
  });
  if (!cases.ok()) return session.fail(kLocal, "Error: " + file + ": " + cases.error().text);
  session.console().line("TAP version 13");
  session.console().line("1.." + std::to_string(cases->size()));
  std::size_t failed = 0;
  for (std::size_t i = 0; i < cases->size(); ++i) {
    const auto passed = run_case(session, (*cases)[i], i + 1);
    if (!passed) {
      session.console().line("Bail out! No decision");
      return session.exit_code();
    }
    if (!*passed) ++failed;
  }
  if (failed == 0) return kOk;
  return session.fail(kLocal, std::to_string(failed) + " of " + std::to_string(cases->size()) +
                                  " cases aren't as expected");
}

}  // namespace

std::vector<Command> policy_test_commands() {
  return {
      {.words = "policy test",
       .synopsis = "[flags] FILE",
       .summary = "Hold policies against cases of who may do what",
       .help =
           "Asks the daemon about each case in FILE (- is standard input), and prints in the\n"
           "Test Anything Protocol which are as expected. FILE is a JSON array:\n\n"
           "    [{\"policies\": [\"app\"], \"policy_texts\": {\"app\": \"@app.hcl\"},\n"
           "      \"operation\": \"read\", \"path\": \"secret/data/app/db\", \"expect\": "
           "\"allow\"}]\n\n"
           "Texts stand in for the policies that the daemon has. No request is carried out.\n"
           "The exit code is 0 if all are as expected, 1 if some aren't, 2 without an answer.\n\n"
           "    $ coffer policy test policies/cases.json",
       .flags = {},
       .least = 1,
       .most = 1,
       .run = &policy_test,
       .argument = Argument::file}};
}

}  // namespace coffer::cli
