#include "policy_cases.h"

#include <algorithm>
#include <array>

namespace coffer::cli {
namespace {

using model::Json;
using ReadText = std::function<Result<std::string>(const std::string&)>;

constexpr std::array<std::string_view, 8> kMembers{
    "name", "caller", "policies", "policy_texts", "operation", "path", "parameters", "expect"};

Error wrong(std::string_view member, std::string_view want) {
  return make_error(ErrorCode::invalid_argument,
                    "\"" + std::string(member) + "\" must be " + std::string(want));
}

Result<std::string> text_member(const Json& object, std::string_view name) {
  const Json* value = object.find(name);
  if (value == nullptr || value->kind() != Json::Kind::string || value->text().empty()) {
    return wrong(name, "a text");
  }
  return value->text();
}

bool is_list_of_texts(const Json& value) {
  return value.is_array() &&
         std::all_of(value.elements().begin(), value.elements().end(),
                     [](const Json& e) { return e.kind() == Json::Kind::string; });
}

Result<Json> policies_of(const Json& object) {
  const Json* caller = object.find("caller");
  const Json* policies = caller == nullptr ? object.find("policies") : caller->find("policies");
  if (policies == nullptr || !is_list_of_texts(*policies)) {
    return wrong("policies", "a list of names");
  }
  return *policies;
}

Result<Json> texts_of(const Json& texts, const ReadText& read_text) {
  if (!texts.is_object()) return wrong("policy_texts", "an object of texts by name");
  Json read = Json::object();
  for (const Json::Member& member : texts.members()) {
    if (member.value.kind() != Json::Kind::string) {
      return wrong("policy_texts", "an object of texts by name");
    }
    std::string text = member.value.text();
    if (text.starts_with('@')) {
      COFFER_TRY(text, read_text(text.substr(1)));
    }
    read.set(member.name, Json::string(std::move(text)));
  }
  return read;
}

Result<bool> expectation_of(const Json& object) {
  COFFER_TRY(const std::string expect, text_member(object, "expect"));
  if (expect != "allow" && expect != "deny") return wrong("expect", "\"allow\" or \"deny\"");
  return expect == "allow";
}

Result<PolicyCase> read_case(const Json& object, const ReadText& read_text) {
  if (!object.is_object()) return make_error(ErrorCode::invalid_argument, "not an object");
  for (const Json::Member& member : object.members()) {
    // A misspelt member would be a case that tests something else.
    if (std::find(kMembers.begin(), kMembers.end(), member.name) == kMembers.end()) {
      return make_error(ErrorCode::invalid_argument, "unknown member \"" + member.name + "\"");
    }
  }
  PolicyCase result;
  result.question = Json::object();
  COFFER_TRY(const std::string operation, text_member(object, "operation"));
  COFFER_TRY(const std::string path, text_member(object, "path"));
  COFFER_TRY(Json policies, policies_of(object));
  COFFER_TRY(result.expect_allowed, expectation_of(object));
  result.name = operation + " " + path;
  if (object.find("name") != nullptr) {
    COFFER_TRY(result.name, text_member(object, "name"));
  }
  result.question.set("operation", Json::string(operation));
  result.question.set("path", Json::string(path));
  result.question.set("policies", std::move(policies));
  if (const Json* parameters = object.find("parameters")) {
    if (!parameters->is_object()) return wrong("parameters", "an object");
    result.question.set("parameters", *parameters);
  }
  if (const Json* texts = object.find("policy_texts")) {
    COFFER_TRY(Json read, texts_of(*texts, read_text));
    result.question.set("texts", std::move(read));
  }
  return result;
}

}  // namespace

Result<std::vector<PolicyCase>> read_policy_cases(const std::string& text,
                                                  const ReadText& read_text) {
  COFFER_TRY(const Json json, Json::parse(text));
  if (!json.is_array() || json.elements().empty()) {
    return make_error(ErrorCode::invalid_argument, "want a JSON array of cases");
  }
  std::vector<PolicyCase> cases;
  for (const Json& element : json.elements()) {
    auto read = read_case(element, read_text);
    if (!read.ok()) {
      return make_error(ErrorCode::invalid_argument,
                        "case " + std::to_string(cases.size() + 1) + ": " + read.error().text);
    }
    cases.push_back(*std::move(read));
  }
  return cases;
}

}  // namespace coffer::cli
