// PINs are handed out, and a token is initialised with them.
#include <fmt/core.h>

#include <optional>

#include "actions.h"
#include "pins.h"

namespace coffer::ceremony {
namespace {

Result<Facts> hand_out(Ceremony& ceremony, bool fresh_token, SecureBytes& so, SecureBytes& user) {
  COFFER_TRY(so, make_pin());
  COFFER_TRY(user, make_pin());
  COFFER_CHECK(hand_out_so_pin(ceremony, fresh_token ? "so-pin" : "new-so-pin", so));
  COFFER_CHECK(hand_out_user_pin(ceremony, fresh_token ? "user-pin" : "new-user-pin", user));
  Facts facts{{"user-pin", person_with(ceremony.plan, Role::user)}};
  if (ceremony.plan.shares) {
    facts.push_back({"so-pin", fmt::format("{} of {} shares", ceremony.plan.shares->needed,
                                           ceremony.plan.shares->total)});
  } else {
    facts.push_back({"so-pin", person_with(ceremony.plan, Role::security_officer)});
  }
  return facts;
}

Error another_serial(const std::string& serial, const std::string& planned) {
  return make_error(ErrorCode::precondition,
                    "the token's serial is " + serial + ", the plan has " + planned);
}

/// The token that an initialisation which was cut short has made already; nullopt: it hadn't begun.
Result<std::optional<pkcs11::TokenLook>> begun_token(Ceremony& ceremony,
                                                     const std::string& planned) {
  COFFER_TRY(auto tokens, pkcs11::look_at_tokens(ceremony.token.module_path));
  for (pkcs11::TokenLook& each : tokens) {
    if (!each.initialised || each.info.label != ceremony.plan.token.label) continue;
    if (ceremony.journal.transcript().find("intent", "initialise") == nullptr) {
      return make_error(ErrorCode::conflict, "there is a token of that label already");
    }
    if (!planned.empty() && planned != each.info.serial)
      return another_serial(each.info.serial, planned);
    return std::optional(std::move(each));
  }
  return std::optional<pkcs11::TokenLook>();
}

/// Goes on as far as it had come. That the token is the one of then is told by the PINs, which only
/// this ceremony knows.
Result<std::string> take_up(Ceremony& ceremony, const pkcs11::TokenLook& begun) {
  if (!begun.user_pin_set) {
    COFFER_CHECK(pkcs11::finish_initialisation(ceremony.token.module_path, begun.info.serial,
                                               ceremony.so_pin, ceremony.user_pin,
                                               ceremony.token.sync_directory));
  }
  ceremony.token.uri = "pkcs11:serial=" + begun.info.serial;
  COFFER_TRY(const auto opened, pkcs11::open_token(ceremony.token, ceremony.user_pin));
  return begun.info.serial;
}

/// From this line on a token of the label is ours: there was none.
Result<std::string> initialise_blank(Ceremony& ceremony, const std::string& planned) {
  const std::string& label = ceremony.plan.token.label;
  COFFER_CHECK(ceremony.journal.append("intent", "initialise", {{"label", label}}));
  return pkcs11::initialise_token_with_serial(ceremony.token.module_path, planned, label,
                                              ceremony.so_pin, ceremony.user_pin,
                                              ceremony.token.sync_directory);
}

}  // namespace

Result<Facts> hand_out_pins(Ceremony& ceremony) {
  return hand_out(ceremony, true, ceremony.so_pin, ceremony.user_pin);
}

Result<Facts> hand_out_new_pins(Ceremony& ceremony) {
  return hand_out(ceremony, false, ceremony.new_so_pin, ceremony.new_user_pin);
}

Result<Facts> initialise(Ceremony& ceremony) {
  const bool shared = ceremony.plan.shares.has_value();
  // The token of a rehearsal has another.
  const std::string planned =
      ceremony.mode == Mode::live ? ceremony.plan.token.serial : std::string();
  COFFER_TRY(const auto begun, begun_token(ceremony, planned));
  Facts anew;
  if (!begun) {
    COFFER_CHECK(make_anew(ceremony, "so-pin", hand_out_so_pin, ceremony.so_pin, anew));
  }
  if (!begun || !begun->user_pin_set) {
    COFFER_CHECK(make_anew(ceremony, "user-pin", hand_out_user_pin, ceremony.user_pin, anew));
  }
  COFFER_CHECK(ask_back(ceremony, "so-pin", shared, ceremony.so_pin));
  COFFER_CHECK(ask_back(ceremony, "user-pin", false, ceremony.user_pin));
  COFFER_TRY(const std::string serial,
             begun ? take_up(ceremony, *begun) : initialise_blank(ceremony, planned));
  ceremony.token.uri = "pkcs11:serial=" + serial;
  Facts facts{{"serial", serial}, {"label", ceremony.plan.token.label}};
  if (shared) facts.push_back(subsets_tried());
  facts.insert(facts.end(), anew.begin(), anew.end());
  return facts;
}

}  // namespace coffer::ceremony
