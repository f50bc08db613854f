// Why may he, or may he not: the same function that decides, asked to tell. For operators; a caller
// who was denied learns an id and nothing more.
#include <algorithm>

#include "handlers.h"

namespace coffer::sys {
namespace {

/// Who is asked about.
struct Subject {
  std::string accessor;
  std::string display_name;
  std::vector<std::string> policies;
};

Result<Operation> operation_of(const model::Fields& fields) {
  COFFER_TRY(const std::string word, required(fields, "operation"));
  for (const Operation operation :
       {Operation::read, Operation::list, Operation::scan, Operation::create, Operation::update,
        Operation::patch, Operation::remove}) {
    if (word == model::to_string(operation)) return operation;
  }
  return invalid("field \"operation\" must be read, list, scan, create, update, patch or delete");
}

Result<Subject> holder_of(Call& call, const std::string& accessor) {
  COFFER_TRY(const auto token,
             call.vault->tokens->find_accessor(call.context.tx, accessor, call.context.now));
  if (!token) return invalid("field \"accessor\": no such token");
  return Subject{accessor, token->terms.display_name, token->terms.policies};
}

Result<Subject> subject_of(Call& call) {
  const model::Fields& fields = call.request.fields;
  if (fields.has("accessor") == fields.has("policies")) {
    return invalid("wanted either field \"policies\" or field \"accessor\"");
  }
  COFFER_TRY(const std::optional<std::string> accessor, fields.string("accessor"));
  if (accessor) return holder_of(call, *accessor);
  COFFER_TRY(const auto policies, fields.strings("policies"));
  Subject subject;
  for (const std::string& name : policies.value_or(std::vector<std::string>())) {
    COFFER_TRY(std::string canonical, core::policy_name(name));
    subject.policies.push_back(std::move(canonical));
  }
  std::sort(subject.policies.begin(), subject.policies.end());
  return subject;
}

/// Texts that stand for policies that are not stored, or not so: to try one before it is written.
Result<std::vector<policy::PolicyPtr>> given_texts(const model::Fields& texts) {
  std::vector<policy::PolicyPtr> given;
  for (const std::string_view name : texts.names()) {
    COFFER_TRY(const std::string canonical, core::policy_name(name));
    COFFER_TRY(const std::string text, required(texts, name));
    COFFER_TRY(policy::PolicyPtr parsed, policy::parse(canonical, text));
    given.push_back(std::move(parsed));
  }
  return given;
}

Result<std::shared_ptr<const policy::Acl>> acl_of(Call& call, const Subject& subject) {
  COFFER_TRY(const std::optional<model::Fields> texts, call.request.fields.object("texts"));
  if (!texts || texts->empty()) {
    return call.vault->policies->acl(call.context.tx, subject.policies, call.context.now);
  }
  COFFER_TRY(std::vector<policy::PolicyPtr> policies, given_texts(*texts));
  for (const std::string& name : subject.policies) {
    if (texts->has(name)) continue;
    if (name == policy::kRootPolicy) {
      return invalid("field \"policies\": root stands alone, without \"texts\"");
    }
    COFFER_TRY(const auto text, call.vault->policies->read(call.context.tx, name));
    if (!text) continue;
    COFFER_TRY(policy::PolicyPtr parsed, policy::parse(name, *text));
    policies.push_back(std::move(parsed));
  }
  return policy::Acl::build(policies, call.context.now);
}

void append_words(JsonWriter& json, std::string_view key, const std::vector<std::string>& words) {
  json.key(key).begin_array();
  for (const std::string& word : words) json.string(word);
  json.end_array();
}

void append_caller(JsonWriter& json, const Subject& subject) {
  json.key("caller").begin_object().key("accessor").string(subject.accessor);
  json.key("display_name").string(subject.display_name);
  append_words(json, "policies", subject.policies);
  json.end_object();
}

void append_candidates(JsonWriter& json, const std::vector<policy::Candidate>& candidates) {
  json.key("candidates").begin_array();
  for (const policy::Candidate& candidate : candidates) {
    json.begin_object().key("path").string(candidate.path);
    append_words(json, "policies", candidate.policies);
    append_words(json, "capabilities", candidate.capabilities);
    json.key("decided").boolean(candidate.decided).key("why").string(candidate.why).end_object();
  }
  json.end_array();
}

/// Whether the path is root-protected: then `sudo` is asked for too, as the pipeline does.
Result<bool> needs_sudo(Call& call, Operation operation, const std::string& path) {
  COFFER_TRY(const auto table, call.vault->mounts->table(call.context.tx));
  const auto route = table->find(path);
  if (!route) return false;
  const Operation asked = operation == Operation::create ? Operation::update : operation;
  const auto match =
      engine::match_rule(route->engine->paths_for(*route->mount), asked, route->path);
  return match.rule != nullptr && match.rule->sudo;
}

struct Question {
  Operation operation = Operation::read;
  std::string path{};
  std::optional<model::Fields> parameters{};
  std::optional<std::chrono::seconds> wrap_ttl{};
  bool sudo = false;
};

Result<Question> question_of(Call& call) {
  const model::Fields& fields = call.request.fields;
  Question asked;
  COFFER_TRY(asked.operation, operation_of(fields));
  COFFER_TRY(asked.path, required(fields, "path"));
  if (asked.path.front() == '/') asked.path.erase(0, 1);
  const bool listing = asked.operation == Operation::list || asked.operation == Operation::scan;
  if (listing && !asked.path.ends_with('/')) asked.path.push_back('/');
  COFFER_TRY(asked.parameters, fields.object("parameters"));
  COFFER_TRY(asked.wrap_ttl, fields.duration("wrap_ttl"));
  COFFER_TRY(asked.sudo, needs_sudo(call, asked.operation, asked.path));
  return asked;
}

Result<Response> explain_question(Call& call) {
  COFFER_TRY(const Question asked, question_of(call));
  COFFER_TRY(const Subject subject, subject_of(call));
  COFFER_TRY(const auto acl, acl_of(call, subject));
  const policy::Explanation told =
      acl->explain({.operation = asked.operation,
                    .path = asked.path,
                    .parameters = asked.parameters ? &*asked.parameters : nullptr,
                    .wrap_ttl = asked.wrap_ttl,
                    .sudo = asked.sudo});
  JsonWriter json;
  json.begin_object().key("allowed").boolean(told.decision.allowed);
  json.key("rule").string(told.decision.rule).key("policy").string(told.decision.policy);
  json.key("why").string(told.decision.why);
  append_candidates(json, told.candidates);
  append_caller(json, subject);
  json.key("operation").string(model::to_string(asked.operation)).key("path").string(asked.path);
  json.key("sudo_needed").boolean(asked.sudo).end_object();
  return answer(std::move(json));
}

Result<Response> explain_denial(Call& call, const std::string& id_text) {
  const auto id = parse_uuid(id_text);
  if (!id.ok()) return invalid("field \"decision_id\" must be an id that came with a 403");
  const std::optional<core::Denial> denial = call.parts.state.denials.find(*id);
  if (!denial) {
    return make_error(ErrorCode::not_found,
                      "no such denial among the last ones; look for the id in the audit log");
  }
  JsonWriter json;
  json.begin_object().key("allowed").boolean(false).key("rule").string(denial->rule);
  json.key("policy").string(denial->policy).key("why").string(denial->why);
  append_candidates(json, {});
  append_caller(json, {denial->accessor, denial->display_name, denial->policies});
  json.key("operation").string(model::to_string(denial->operation));
  json.key("path").string(denial->path).key("time").string(to_rfc3339(denial->time));
  json.key("uid").number(denial->uid).end_object();
  return answer(std::move(json));
}

Result<Response> explain(Call& call) {
  COFFER_TRY(const std::optional<std::string> id, call.request.fields.string("decision_id"));
  return id ? explain_denial(call, *id) : explain_question(call);
}

}  // namespace

std::span<const Handler> explain_handlers() {
  static constexpr Handler kHandlers[] = {
      {{.operation = Operation::update,
        .pattern = "policies/explain",
        .help = "Why a request is allowed or denied: `operation`, `path`, `parameters`, and "
                "`policies` or `accessor`; `texts` tries policies that aren't stored. Or "
                "`decision_id`, as a 403 told it."},
       explain},
  };
  return kHandlers;
}

}  // namespace coffer::sys
