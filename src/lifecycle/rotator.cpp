#include "coffer/lifecycle/rotator.h"

namespace coffer::lifecycle {
namespace {

class GenerateRotator final : public Rotator {
 public:
  [[nodiscard]] bool reaches_outside() const override { return false; }
  [[nodiscard]] Result<std::string> take_settings(std::string_view /*secret*/,
                                                  const model::Fields& /*given*/,
                                                  std::string_view /*before*/) const override {
    return std::string("{}");
  }
  [[nodiscard]] StepResult step(const RotationCall& /*call*/,
                                const std::stop_token& /*stop*/) override {
    return {.end = StepEnd::done};
  }
};

}  // namespace

std::string_view to_string(RotationStep step) noexcept {
  switch (step) {
    case RotationStep::create: return "create";
    case RotationStep::set: return "set";
    case RotationStep::test: return "test";
    case RotationStep::finish: return "finish";
  }
  return "";
}

void Rotators::add(std::string name, std::unique_ptr<Rotator> rotator) {
  rotators_.insert_or_assign(std::move(name), std::move(rotator));
}

Rotator* Rotators::find(std::string_view name) const {
  const auto found = rotators_.find(name);
  return found == rotators_.end() ? nullptr : found->second.get();
}

std::unique_ptr<Rotator> make_generate_rotator() { return std::make_unique<GenerateRotator>(); }

}  // namespace coffer::lifecycle
