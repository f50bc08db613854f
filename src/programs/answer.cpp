#include "answer.h"

#include <optional>

#include "coffer/base/secure_bytes.h"
#include "coffer/model/fields.h"
#include "coffer/model/json_writer.h"

namespace coffer::programs {
namespace {

using lifecycle::RotationStep;
using lifecycle::StepEnd;
using lifecycle::StepResult;

std::string_view aws_name(RotationStep step) {
  switch (step) {
    case RotationStep::create: return "createSecret";
    case RotationStep::set: return "setSecret";
    case RotationStep::test: return "testSecret";
    case RotationStep::finish: break;
  }
  return "finishSecret";
}

void append_value(model::JsonWriter& json, std::string_view name, std::string_view value) {
  json.key(name);
  if (value.empty()) {
    json.null();
  } else {
    json.raw(value);
  }
}

StepResult unknown(std::string why) { return {StepEnd::unknown, {}, std::move(why)}; }
StepResult refused(std::string why) { return {StepEnd::refused, {}, std::move(why)}; }

/// What came of it when no answer counts.
StepResult without_answer(const Ran& ran) {
  switch (ran.end) {
    case Ran::End::exited:
      return unknown("the program ended with status " + std::to_string(ran.status));
    case Ran::End::signalled:
      return unknown("the program was ended by signal " + std::to_string(ran.status));
    case Ran::End::deadline: return unknown("the program met its deadline and was killed");
    // It says nothing of the value if it never ran: the same one is tried again. A program that
    // itself ends with the status that stands for this looks the same, as in a shell.
    case Ran::End::not_begun:
      return unknown("the program could not be started, or ended with status 126");
    case Ran::End::too_much: return unknown("the program wrote more than 2 MiB");
    case Ran::End::cut: break;
  }
  return unknown("the program was stopped");
}

/// SecretValue is an object, SecretString one as text, as AWS keeps it. Neither: what was proposed.
Result<std::string> value_in(const model::Fields& answer) {
  COFFER_TRY(const auto object, answer.raw_object("SecretValue"));
  std::optional<std::string> text;
  if (object) {
    text = std::string(*object);
  } else {
    COFFER_TRY(text, answer.string("SecretString"));
  }
  if (!text) return std::string();
  // One without members would empty the secret: no rotation means that.
  const auto parsed = model::Fields::parse(*text);
  if (!parsed.ok() || parsed->empty()) {
    wipe(*text);
    return make_error(ErrorCode::invalid_argument, "no object");
  }
  return *std::move(text);
}

}  // namespace

std::string request_text(const lifecycle::RotationCall& call) {
  model::JsonWriter json;
  json.begin_object().key("SecretId").string(call.secret);
  json.key("ClientRequestToken").string(to_string(call.run));
  json.key("Step").string(aws_name(call.step));
  append_value(json, "Current", call.current);
  append_value(json, "Pending", call.pending);
  append_value(json, "Previous", call.previous);
  json.end_object();
  return std::move(json).take() + "\n";
}

StepResult judge(RotationStep step, const Ran& ran) {
  if (ran.end != Ran::End::exited) return without_answer(ran);
  const auto answer = model::Fields::parse(ran.output);
  if (!answer.ok()) {
    return ran.status == 0 ? unknown("the program's answer is no JSON object")
                           : without_answer(ran);
  }
  const auto says_no = answer->boolean("Refused");
  if (!says_no.ok()) return unknown("the program's answer has a Refused that isn't true or false");
  if (says_no->value_or(false)) return refused("the program refused");
  if (ran.status != 0) return without_answer(ran);
  if (step != RotationStep::create) return {.end = StepEnd::done};
  auto value = value_in(*answer);
  if (!value.ok()) return refused("the program's new value is no JSON object with members");
  return {.end = StepEnd::done, .value = *std::move(value)};
}

}  // namespace coffer::programs
