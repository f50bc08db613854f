// What can be asked of tokens and done to their PINs without being logged in as their user.
#include <array>

#include "coffer/pkcs11/attest.h"
#include "session.h"
#include "slots.h"
#include "sync.h"

namespace coffer::pkcs11 {
namespace {

struct Flag {
  CK_FLAGS bit;
  std::string_view name;
};
constexpr std::array kFlags = {
    Flag{CKF_RNG, "RNG"},
    Flag{CKF_WRITE_PROTECTED, "WRITE_PROTECTED"},
    Flag{CKF_LOGIN_REQUIRED, "LOGIN_REQUIRED"},
    Flag{CKF_USER_PIN_INITIALIZED, "USER_PIN_INITIALIZED"},
    Flag{CKF_TOKEN_INITIALIZED, "TOKEN_INITIALIZED"},
    Flag{CKF_USER_PIN_COUNT_LOW, "USER_PIN_COUNT_LOW"},
    Flag{CKF_USER_PIN_FINAL_TRY, "USER_PIN_FINAL_TRY"},
    Flag{CKF_USER_PIN_LOCKED, "USER_PIN_LOCKED"},
    Flag{CKF_SO_PIN_COUNT_LOW, "SO_PIN_COUNT_LOW"},
    Flag{CKF_SO_PIN_FINAL_TRY, "SO_PIN_FINAL_TRY"},
    Flag{CKF_SO_PIN_LOCKED, "SO_PIN_LOCKED"},
};

std::string names_of(CK_FLAGS flags) {
  std::string out;
  for (const Flag& flag : kFlags) {
    if ((flags & flag.bit) == 0) continue;
    if (!out.empty()) out.push_back(' ');
    out.append(flag.name);
  }
  return out;
}

/// A wrong PIN more could lock it, and nobody would have meant that.
Result<void> refuse_few_tries(CK_FLAGS flags, PinOwner owner, PinTry which) {
  const bool user = owner == PinOwner::user;
  CK_FLAGS few = user ? CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED
                      : CKF_SO_PIN_FINAL_TRY | CKF_SO_PIN_LOCKED;
  if (which == PinTry::first) few |= user ? CKF_USER_PIN_COUNT_LOW : CKF_SO_PIN_COUNT_LOW;
  if ((flags & few) == 0) return {};
  return make_error(ErrorCode::permission_denied,
                    "wrong PINs were tried on the token before: one more might lock it",
                    names_of(flags));
}

/// A session in which a PIN may be tried once. The module outlives it.
struct Desk {
  std::unique_ptr<Module> module;
  Session session;
};

Result<Desk> sit_down(const TokenConfig& config, PinOwner owner, PinTry which) {
  COFFER_TRY(const TokenUri uri, TokenUri::parse(config.uri));
  COFFER_TRY(std::unique_ptr<Module> module, Module::load(config.module_path));
  COFFER_CHECK(module->initialise(config.init_string));
  COFFER_TRY(const CK_SLOT_ID slot, find_token(*module, uri));
  COFFER_TRY(const CK_TOKEN_INFO info, read_token_info(*module, slot));
  COFFER_CHECK(refuse_few_tries(info.flags, owner, which));
  COFFER_TRY(Session session, Session::open(*module, slot, Access::read_write));
  return Desk{std::move(module), std::move(session)};
}

CK_USER_TYPE user_type(PinOwner owner) { return owner == PinOwner::user ? CKU_USER : CKU_SO; }

/// Of C_Login. A PIN that is locked or too old may be the right one.
bool says_wrong_pin(CK_RV rv) {
  return rv == CKR_PIN_INCORRECT || rv == CKR_PIN_INVALID || rv == CKR_PIN_LEN_RANGE;
}

}  // namespace

Result<std::vector<TokenLook>> look_at_tokens(const std::string& module_path) {
  COFFER_TRY(const std::unique_ptr<Module> module, Module::load(module_path));
  COFFER_CHECK(module->initialise());
  COFFER_TRY(const std::vector<CK_SLOT_ID> slots, all_slots(*module));
  std::vector<TokenLook> all;
  for (const CK_SLOT_ID slot : slots) {
    COFFER_TRY(const CK_TOKEN_INFO info, read_token_info(*module, slot));
    all.push_back({.info = describe_token(info),
                   .initialised = (info.flags & CKF_TOKEN_INITIALIZED) != 0,
                   .user_pin_set = (info.flags & CKF_USER_PIN_INITIALIZED) != 0,
                   .flags = names_of(info.flags)});
  }
  return all;
}

Result<void> change_pin(const TokenConfig& config, PinOwner owner, const SecureBytes& old_pin,
                        const SecureBytes& new_pin) {
  if (new_pin.empty()) return make_error(ErrorCode::invalid_argument, "an empty PIN");
  COFFER_TRY(Desk desk, sit_down(config, owner, PinTry::first));
  const ByteView old_bytes = old_pin.expose(Reveal{"the PIN is changed by who has the old one"});
  const ByteView new_bytes = new_pin.expose(Reveal{"the token gets its new PIN"});
  COFFER_CHECK(desk.session.call("C_Login", &CK_FUNCTION_LIST::C_Login, user_type(owner),
                                 in(old_bytes), CK_ULONG{old_bytes.size()}));
  COFFER_CHECK(desk.session.call("C_SetPIN", &CK_FUNCTION_LIST::C_SetPIN, in(old_bytes),
                                 CK_ULONG{old_bytes.size()}, in(new_bytes),
                                 CK_ULONG{new_bytes.size()}));
  COFFER_CHECK(desk.session.call("C_Logout", &CK_FUNCTION_LIST::C_Logout));
  return sync_file_system(config.sync_directory);
}

Result<bool> takes_pin(const TokenConfig& config, PinOwner owner, const SecureBytes& pin,
                       PinTry which) {
  if (pin.empty()) return make_error(ErrorCode::invalid_argument, "an empty PIN");
  COFFER_TRY(Desk desk, sit_down(config, owner, which));
  const ByteView bytes = pin.expose(Reveal{"the token is asked whether it has this PIN"});
  const CK_RV rv = desk.session.invoke(&CK_FUNCTION_LIST::C_Login, user_type(owner), in(bytes),
                                       CK_ULONG{bytes.size()});
  if (says_wrong_pin(rv)) return false;
  COFFER_CHECK(ck_check("C_Login", rv));
  COFFER_CHECK(desk.session.call("C_Logout", &CK_FUNCTION_LIST::C_Logout));
  return true;
}

}  // namespace coffer::pkcs11
