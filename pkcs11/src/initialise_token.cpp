// Making a token out of a blank slot: the one place that logs in as security officer.
#include <algorithm>
#include <array>

#include "coffer/pkcs11/attest.h"
#include "coffer/pkcs11/token.h"
#include "module.h"
#include "session.h"
#include "slots.h"
#include "sync.h"

namespace coffer::pkcs11 {
namespace {

using Label = std::array<CK_UTF8CHAR, 32>;

Result<Label> pad_label(std::string_view label) {
  Label padded;
  if (label.empty() || label.size() > padded.size()) {
    return make_error(ErrorCode::invalid_argument, "a token's label has 1 to 32 bytes");
  }
  padded.fill(' ');
  std::copy(label.begin(), label.end(), padded.begin());
  return padded;
}

Result<void> set_user_pin(const Module& module, CK_SLOT_ID slot, ByteView so_pin,
                          ByteView user_pin) {
  COFFER_TRY(Session session, Session::open(module, slot, Access::read_write));
  COFFER_CHECK(session.call("C_Login", &CK_FUNCTION_LIST::C_Login, CK_USER_TYPE{CKU_SO}, in(so_pin),
                            CK_ULONG{so_pin.size()}));
  COFFER_CHECK(session.call("C_InitPIN", &CK_FUNCTION_LIST::C_InitPIN, in(user_pin),
                            CK_ULONG{user_pin.size()}));
  return session.call("C_Logout", &CK_FUNCTION_LIST::C_Logout);
}

Result<CK_SLOT_ID> find_half_made(const Module& module, const std::string& serial) {
  COFFER_TRY(const TokenUri uri, TokenUri::parse("pkcs11:serial=" + serial));
  COFFER_TRY(const CK_SLOT_ID slot, find_token(module, uri));
  COFFER_TRY(const CK_TOKEN_INFO info, read_token_info(module, slot));
  if ((info.flags & CKF_USER_PIN_INITIALIZED) == 0) return slot;
  return make_error(ErrorCode::precondition, "the token has a user PIN already");
}

}  // namespace

Result<void> finish_initialisation(const std::string& module_path, const std::string& serial,
                                   const SecureBytes& so_pin, const SecureBytes& user_pin,
                                   const std::string& sync_directory) {
  if (so_pin.empty() || user_pin.empty()) {
    return make_error(ErrorCode::invalid_argument, "an empty PIN");
  }
  COFFER_TRY(const std::unique_ptr<Module> module, Module::load(module_path));
  COFFER_CHECK(module->initialise());
  COFFER_TRY(const CK_SLOT_ID slot, find_half_made(*module, serial));
  COFFER_CHECK(set_user_pin(
      *module, slot, so_pin.expose(Reveal{"a token that was half made gets its user PIN"}),
      user_pin.expose(Reveal{"a token that was half made gets its user PIN"})));
  return sync_file_system(sync_directory);
}

Result<std::string> initialise_token(const std::string& module_path, std::string_view label,
                                     const SecureBytes& so_pin, const SecureBytes& user_pin,
                                     const std::string& sync_directory) {
  return initialise_token_with_serial(module_path, {}, label, so_pin, user_pin, sync_directory);
}

Result<std::string> initialise_token_with_serial(const std::string& module_path,
                                                 std::string_view serial, std::string_view label,
                                                 const SecureBytes& so_pin,
                                                 const SecureBytes& user_pin,
                                                 const std::string& sync_directory) {
  if (so_pin.empty() || user_pin.empty()) {
    return make_error(ErrorCode::invalid_argument, "an empty PIN");
  }
  COFFER_TRY(Label padded, pad_label(label));
  COFFER_TRY(const std::unique_ptr<Module> module, Module::load(module_path));
  COFFER_CHECK(module->initialise());
  COFFER_TRY(const CK_SLOT_ID slot, find_blank_token(*module, serial));
  const ByteView so = so_pin.expose(Reveal{"a new token gets its security officer's PIN"});
  const ByteView user = user_pin.expose(Reveal{"a new token gets its user PIN"});
  COFFER_CHECK(ck_check("C_InitToken",
                        module->functions().C_InitToken(slot, in(so), so.size(), padded.data())));
  COFFER_CHECK(set_user_pin(*module, slot, so, user));
  COFFER_TRY(const CK_TOKEN_INFO info, read_token_info(*module, slot));
  COFFER_CHECK(sync_file_system(sync_directory));
  return describe_token(info).serial;
}

}  // namespace coffer::pkcs11
