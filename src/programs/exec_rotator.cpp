#include "answer.h"
#include "coffer/base/secure_bytes.h"
#include "coffer/model/json_writer.h"

namespace coffer::programs {
namespace {

using lifecycle::RotationCall;
using lifecycle::StepEnd;
using lifecycle::StepResult;

class ExecRotator final : public lifecycle::Rotator {
 public:
  explicit ExecRotator(Runner& runner) : runner_(runner) {}

  [[nodiscard]] bool reaches_outside() const override { return true; }

  [[nodiscard]] Result<std::string> take_settings(std::string_view /*secret*/,
                                                  const model::Fields& given,
                                                  std::string_view before) const override {
    COFFER_TRY(const auto program, given.string("program"));
    if (!program && !before.empty()) return std::string(before);
    if (!program) return make_error(ErrorCode::invalid_argument, "missing field \"program\"");
    if (!runner_.knows(*program)) {
      return make_error(ErrorCode::invalid_argument,
                        "field \"program\" names none of the daemon's configuration");
    }
    model::JsonWriter json;
    json.begin_object().key("program").string(*program).end_object();
    return std::move(json).take();
  }

  [[nodiscard]] StepResult step(const RotationCall& call, const std::stop_token& stop) override {
    const auto settings = model::Fields::parse(std::string(call.settings));
    if (!settings.ok()) return {.end = StepEnd::unknown, .why = settings.error().text};
    const auto program = settings->string("program");
    if (!program.ok() || !*program) return {.end = StepEnd::unknown, .why = "no program is named"};
    std::string request = request_text(call);
    auto ran = runner_.run(**program, request, stop);
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
