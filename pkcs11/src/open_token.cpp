#include "coffer/pkcs11/profile.h"
#include "p11_token.h"
#include "slots.h"

namespace coffer::pkcs11 {

Result<std::unique_ptr<Token>> open_token(const TokenConfig& config, const SecureBytes& pin) {
  COFFER_TRY(const TokenUri uri, TokenUri::parse(config.uri));
  COFFER_TRY(std::unique_ptr<Module> module, Module::load(config.module_path));
  const FewTries few = config.accept_low_pin_count ? FewTries::accept : FewTries::refuse;
  COFFER_TRY(Connection connection, connect(std::move(module), uri, pin, few));
  COFFER_TRY(const Profile profile,
             choose_profile(config.profile, describe_token(connection.info)));
  return std::unique_ptr<Token>(std::make_unique<P11Token>(std::move(connection), config, profile));
}

}  // namespace coffer::pkcs11
