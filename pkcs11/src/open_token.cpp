#include "p11_token.h"

namespace coffer::pkcs11 {

Result<std::unique_ptr<Token>> open_token(const TokenConfig& config, const SecureBytes& pin,
                                          LoginOutcome& outcome) {
  outcome = LoginOutcome::not_tried;
  COFFER_CHECK(check_profile_name(config.profile));
  COFFER_TRY(const TokenUri uri, TokenUri::parse(config.uri));
  COFFER_TRY(std::unique_ptr<Module> module, Module::load(config.module_path));
  const FewTries few = config.accept_low_pin_count ? FewTries::accept : FewTries::refuse;
  COFFER_TRY(Connection connection,
             connect(std::move(module), uri, pin, few, &outcome,
                     {config.profile, config.init_string, config.accept_insecure_token}));
  return std::unique_ptr<Token>(std::make_unique<P11Token>(std::move(connection), config));
}

Result<std::unique_ptr<Token>> open_token(const TokenConfig& config, const SecureBytes& pin) {
  LoginOutcome outcome{};
  return open_token(config, pin, outcome);
}

}  // namespace coffer::pkcs11
