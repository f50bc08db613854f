#include "scratch_token.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "actions.h"
#include "coffer/envelope/keyring.h"
#include "plan_rules.h"

namespace coffer::ceremony {

Result<std::unique_ptr<ScratchToken>> ScratchToken::make(const std::string& module) {
  std::error_code error;
  std::string path =
      std::filesystem::temp_directory_path(error).string() + "/coffer-rehearsal-XXXXXX";
  if (error || ::mkdtemp(path.data()) == nullptr || ::mkdir((path + "/t").c_str(), 0700) != 0) {
    return make_error(ErrorCode::unavailable, "no directory for the rehearsal's token");
  }
  const std::string conf = path + "/softhsm2.conf";
  COFFER_CHECK(write_file(conf, "directories.tokendir = " + path + "/t\nlog.level = ERROR\n"));
  ::setenv("SOFTHSM2_CONF", conf.c_str(), 1);
  pkcs11::TokenConfig config{.module_path = module, .uri = {}};
  return std::unique_ptr<ScratchToken>(new ScratchToken(std::move(path), std::move(config)));
}

ScratchToken::~ScratchToken() {
  ::unsetenv("SOFTHSM2_CONF");
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

Result<void> ScratchToken::prepare(Ceremony& ceremony) const {
  COFFER_TRY(const SecureBytes so_pin, make_pin());
  COFFER_TRY(SecureBytes pin, make_pin());
  const std::string user = person_with(ceremony.plan, Role::user);
  COFFER_CHECK(ceremony.console.hand_over(
      "so-pin", person_with(ceremony.plan, Role::security_officer), so_pin));
  COFFER_CHECK(ceremony.console.hand_over("user-pin", user, pin));
  COFFER_TRY(const std::string serial,
             pkcs11::initialise_token(config_.module_path, ceremony.plan.token.label, so_pin, pin));
  ceremony.token.uri = "pkcs11:serial=" + serial;
  if (makes_keys(ceremony.plan)) return {};
  COFFER_TRY(const auto token, pkcs11::open_token(ceremony.token, pin));
  const Plan& plan = ceremony.plan;
  COFFER_CHECK(token->generate(pkcs11::KeyRole::kek,
                               envelope::kek_ref(plan.vault, plan.key_version), "rehearsal kek"));
  return token->generate(pkcs11::KeyRole::sign, envelope::sign_ref(plan.vault, plan.sign_version),
                         "rehearsal sign");
}

}  // namespace coffer::ceremony
