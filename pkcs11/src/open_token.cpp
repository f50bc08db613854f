#include "p11_token.h"

namespace coffer::pkcs11 {

Result<std::unique_ptr<Token>> open_token(const TokenConfig& config, const SecureBytes& pin,
                                          LoginOutcome& outcome) {
  outcome = LoginOutcome::not_tried;
  COFFER_CHECK(check_profile_name(config.profile));
  COFFER_TRY(Connection connection, connect(config, pin, &outcome));
  return std::unique_ptr<Token>(std::make_unique<P11Token>(std::move(connection), config));
}

Result<std::unique_ptr<Token>> open_token(const TokenConfig& config, const SecureBytes& pin) {
  LoginOutcome outcome{};
  return open_token(config, pin, outcome);
}

}  // namespace coffer::pkcs11
