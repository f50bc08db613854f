#include <algorithm>

#include "answer.h"
#include "coffer/base/secure_bytes.h"
#include "coffer/model/json_writer.h"
#include "coffer/model/path_pattern.h"

namespace coffer::programs {
namespace {

using lifecycle::RotationCall;
using lifecycle::StepEnd;
using lifecycle::StepResult;

/// Who may write a secret, says what is in it: a program would do it for anyone who may write any.
bool may_rotate(const Program& program, std::string_view secret) {
  return std::any_of(program.secrets.begin(), program.secrets.end(),
                     [&](const std::string& pattern) { return model::path_fits(pattern, secret); });
}

/// What take_settings() kept.
Result<std::string> program_in(std::string_view settings) {
  COFFER_TRY(const auto fields, model::Fields::parse(std::string(settings)));
  COFFER_TRY(auto program, fields.string("program"));
  if (!program) return make_error(ErrorCode::corrupt, "no program is named");
  return *std::move(program);
}

class ExecRotator final : public lifecycle::Rotator {
 public:
  explicit ExecRotator(Runner& runner) : runner_(runner) {}

  [[nodiscard]] bool reaches_outside() const override { return true; }

  [[nodiscard]] Result<std::string> take_settings(std::string_view secret,
                                                  const model::Fields& given,
                                                  std::string_view before) const override {
    COFFER_TRY(const auto program, given.string("program"));
    if (!program && !before.empty()) return std::string(before);
    if (!program) return make_error(ErrorCode::invalid_argument, "missing field \"program\"");
    const Program* const found = runner_.find(*program);
    if (found == nullptr) {
      return make_error(ErrorCode::invalid_argument,
                        "field \"program\" names none of the daemon's configuration");
    }
    if (!may_rotate(*found, secret)) {
      return make_error(ErrorCode::invalid_argument,
                        "field \"program\" names one whose secrets, by the daemon's "
                        "configuration, don't include this one");
    }
    model::JsonWriter json;
    json.begin_object().key("program").string(*program).end_object();
    return std::move(json).take();
  }

  [[nodiscard]] Result<std::string> waits_for(envelope::SealedTransaction& /*tx*/,
                                              std::string_view settings) const override {
    COFFER_TRY(const std::string program, program_in(settings));
    return "program " + program;
  }

  [[nodiscard]] StepResult step(const RotationCall& call, const std::stop_token& stop) override {
    const auto program = program_in(call.settings);
    if (!program.ok()) return {.end = StepEnd::unknown, .why = program.error().text};
    // The configuration may be another by now, and so may the secret's path.
    const Program* const found = runner_.find(*program);
    if (found != nullptr && !may_rotate(*found, call.secret)) {
      return {.end = StepEnd::unknown,
              .why = "the configuration's secrets of the program don't include this one"};
    }
    std::string request = request_text(call);
    auto ran = runner_.run(*program, request, stop);
    wipe(request);
    if (!ran.ok()) return {.end = StepEnd::unknown, .why = ran.error().text};
    StepResult result = judge(call.step, *ran);
    wipe(ran->output);
    return result;
  }

 private:
  Runner& runner_;
};

}  // namespace

std::unique_ptr<lifecycle::Rotator> make_exec_rotator(Runner& runner) {
  return std::make_unique<ExecRotator>(runner);
}

}  // namespace coffer::programs
