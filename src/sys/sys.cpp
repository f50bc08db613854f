#include "coffer/sys/sys.h"

#include "handlers.h"
#include "leak_handlers.h"

namespace coffer::sys {
namespace {

class SysEngine final : public engine::Engine {
 public:
  explicit SysEngine(Parts parts) : parts_(std::move(parts)) {
    for (const auto table :
         {status_handlers(),      seal_handlers(),       mount_handlers(),
          remount_handlers(),     ui_handlers(),         policy_handlers(),
          password_handlers(),    capability_handlers(), explain_handlers(),
          audit_handlers(),       tool_handlers(),       info_handlers(),
          token_handlers(),       backup_handlers(),     key_handlers(),
          verify_handlers(),      rotation_handlers(),   enrolment_handlers(),
          lease_handlers(),       leak_handlers(),       leak_response_handlers(),
          clock_handlers(),       period_handlers(),     inventory_handlers(),
          attestation_handlers(), sbom_handlers(),       drill_handlers()}) {
      for (const Handler& handler : table) {
        rules_.push_back(handler.rule);
        answers_.push_back(handler.answer);
      }
    }
  }

  [[nodiscard]] std::span<const engine::PathRule> paths() const override { return rules_; }

  [[nodiscard]] Result<Response> handle(Context& context, const Request& request,
                                        std::string_view path) override {
    // A create is an update here: nothing at sys/ is asked whether it exists.
    const Operation operation =
        request.operation == Operation::create ? Operation::update : request.operation;
    const engine::PathRule* rule = engine::match_rule(rules_, operation, path).rule;
    if (rule == nullptr) return make_error(ErrorCode::unsupported, "unsupported operation");
    const std::shared_ptr<core::Unsealed> vault = parts_.state.unsealed();
    if (vault == nullptr && !rule->while_sealed) {
      return make_error(ErrorCode::sealed, "Vault is sealed");
    }
    Call call{parts_, vault.get(), context, request, path};
    return answers_[static_cast<std::size_t>(rule - rules_.data())](call);
  }

 private:
  const Parts parts_;
  std::vector<engine::PathRule> rules_;
  std::vector<Result<Response> (*)(Call&)> answers_;
};

}  // namespace

std::string_view below(std::string_view path, std::string_view prefix) {
  return path.substr(std::min(prefix.size(), path.size()));
}

Result<std::string> required(const model::Fields& fields, std::string_view name) {
  COFFER_TRY(std::optional<std::string> value, fields.string(name));
  if (value && !value->empty()) return *std::move(value);
  return invalid(std::string("missing field \"").append(name) + "\"");
}

std::unique_ptr<engine::Engine> make_engine(Parts parts) {
  return std::make_unique<SysEngine>(parts);
}

engine::Mount mount() {
  return {.path = "sys/",
          .type = "system",
          .uuid = {},
          .accessor = "system_0",
          .description = "system endpoints used for control, policy and debugging",
          .options = {}};
}

}  // namespace coffer::sys
