// policy why: who may do what, and which rule says so. The daemon decides, with the function that
// decides about real requests.
#include "command_data.h"
#include "commands.h"
#include "flag_body.h"
#include "output.h"
#include "render.h"

namespace coffer::cli {
namespace {

using model::Json;

std::string text_of(const Json& object, std::string_view name) {
  const Json* value = object.find(name);
  return value == nullptr || value->is_null() ? std::string() : cell(*value);
}

std::string joined(const Json* list) {
  std::string text;
  if (list == nullptr) return text;
  for (const Json& element : list->elements()) {
    text.append(text.empty() ? "" : ", ").append(element.text());
  }
  return text;
}

std::vector<Row> verdict_rows(const Json& data) {
  std::vector<Row> rows;
  const auto add = [&rows](std::string_view name, std::string value) {
    if (!value.empty()) rows.emplace_back(name, std::move(value));
  };
  for (const std::string_view name : {"allowed", "operation", "path", "rule", "policy", "why"}) {
    add(name, text_of(data, name));
  }
  if (const Json* caller = data.find("caller")) {
    add("caller", text_of(*caller, "display_name"));
    add("accessor", text_of(*caller, "accessor"));
    add("policies", joined(caller->find("policies")));
  }
  add("time", text_of(data, "time"));
  return rows;
}

void print_candidates(Console& console, const Json& data) {
  const Json* candidates = data.find("candidates");
  if (candidates == nullptr || candidates->elements().empty()) return;
  std::vector<std::vector<std::string>> lines;
  for (const Json& candidate : candidates->elements()) {
    const bool decided = text_of(candidate, "decided") == "true";
    lines.push_back({decided ? "*" : "-", text_of(candidate, "path"),
                     joined(candidate.find("policies")), joined(candidate.find("capabilities")),
                     text_of(candidate, "why")});
  }
  console.line("");
  console.line(render_columns({"Decided", "Rule", "Policies", "Capabilities", "Why"}, lines));
}

/// Whom the question is about: the policies or the accessor that were given, else who is asking.
bool add_caller(Session& session, Json& body) {
  if (body.find("policies") != nullptr || body.find("accessor") != nullptr) return true;
  const auto self =
      session.ask_first("looking up who is asking", {.path = "auth/token/lookup-self"});
  if (!self) return false;
  const Json* policies = self->json.find_path({"data", "policies"});
  if (policies == nullptr) {
    session.fail(kRemote,
                 "The daemon doesn't say which policies are yours; give -policy or -accessor");
    return false;
  }
  body.set("policies", *policies);
  return true;
}

/// nullopt: something was wrong and has been said.
std::optional<Json> question(Session& session) {
  const Flags& flags = session.flags();
  auto body = session.flag_body();
  if (!body) return std::nullopt;
  const bool by_id = flags.has("decision");
  const bool by_caller = flags.has("policy") || flags.has("accessor");
  if (by_id != session.positional().empty() || (by_id && by_caller) ||
      (flags.has("policy") && flags.has("accessor"))) {
    session.fail(kLocal,
                 "Give a PATH, with -policy or -accessor or neither; or -decision alone\n"
                 "see: coffer policy why -help");
    return std::nullopt;
  }
  if (by_id) return body;
  auto parameters = read_command_data(session, 1);
  if (!parameters) return std::nullopt;
  if (body->find("operation") == nullptr) body->set("operation", Json::string("read"));
  body->set("path", Json::string(session.path_argument(0)));
  if (!parameters->members().empty()) body->set("parameters", *std::move(parameters));
  if (!add_caller(session, *body)) return std::nullopt;
  return body;
}

int policy_why(Session& session) {
  const auto body = question(session);
  if (!body) return session.exit_code();
  const auto answer = session.ask(
      "asking why", {.method = "PUT", .path = "sys/policies/explain", .body = body->compact()});
  if (!answer) return session.exit_code();
  const Json* data = answer->json.find_path({"data"});
  if (answer->missing() || data == nullptr) {
    return session.fail(kRemote, session.flags().has("decision")
                                     ? "No such decision: only the latest are kept"
                                     : "No answer found at sys/policies/explain");
  }
  if (!session.shows_table()) return print_secret(session, *answer);
  session.console().line(render_table(verdict_rows(*data)));
  print_candidates(session.console(), *data);
  return kOk;
}

}  // namespace

std::vector<Command> policy_why_commands() {
  return {
      {.words = "policy why",
       .synopsis = "[flags] PATH [K=V ...]",
       .summary = "Say whether a request would be allowed, and by which rule",
       .help =
           "Asks what the daemon would decide about a request to PATH with the parameters K=V,\n"
           "and prints the rule that decides and those that it beats. The request isn't carried\n"
           "out. Who makes it: holders of the -policy names, or of the token with -accessor;\n"
           "otherwise you. With -decision: why a request was refused, by the id that its\n"
           "answer told.\n\n"
           "    $ coffer policy why -policy=app -operation=update secret/data/app/db\n"
           "    $ coffer policy why -decision=ID",
       .flags = {{"policy", FlagKind::list, "a policy that the caller holds; may be repeated",
                  "policies"},
                 {"accessor", FlagKind::text, "of the token that the caller holds", "accessor"},
                 {"operation", FlagKind::text,
                  "read (the default), list, scan, create, update, patch, delete", "operation"},
                 {"capability", FlagKind::text, "the same", "operation"},
                 {"decision", FlagKind::text, "the id of a decision that was made", "decision_id"},
                 kFieldFlag},
       .least = 0,
       .most = kAnyNumber,
       .run = &policy_why,
       .argument = Argument::path}};
}

}  // namespace coffer::cli
