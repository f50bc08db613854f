// PINs of a token that has some are changed. C_SetPIN and the line "done" aren't one: a ceremony
// that was cut short between the two goes on with whichever PIN the token has.
#include "actions.h"
#include "pins.h"

namespace coffer::ceremony {
namespace {

struct Change {
  std::string_view step;
  std::string_view old_name;
  std::string_view new_name;
  pkcs11::PinOwner owner;
  HandOut hand;
  bool shared;         ///< the new one is handed out in shares
  SecureBytes& fresh;  ///< the new one
};

Change of_user(Ceremony& ceremony) {
  return {"change-user-pin", "user-pin", "new-user-pin",       pkcs11::PinOwner::user,
          hand_out_user_pin, false,      ceremony.new_user_pin};
}

Change of_officer(Ceremony& ceremony) {
  return {"change-so-pin",    "so-pin",
          "new-so-pin",       pkcs11::PinOwner::security_officer,
          hand_out_so_pin,    ceremony.plan.shares.has_value(),
          ceremony.new_so_pin};
}

/// Whether the token may have either.
bool was_cut(const Ceremony& ceremony, const Change& change) {
  const Transcript& transcript = ceremony.journal.transcript();
  return transcript.find("intent", change.step) != nullptr &&
         transcript.find("done", change.step) == nullptr;
}

/// Each is typed in twice before the token is asked, so that no try is lost to a slip: one at most
/// is, and the right PIN behind it makes the token forget that. true: the token has the new one.
/// false: it has `old_pin`, and the new one is gone.
Result<bool> find_out(Ceremony& ceremony, const Change& change, SecureBytes& old_pin) {
  const std::string old_name(change.old_name);
  const std::string new_name(change.new_name);
  ceremony.console.say("The ceremony was cut short while the " + old_name +
                       " was changed: the token is asked whether it has the " + new_name +
                       ", and if not, the " + old_name + ". Each is typed in twice" +
                       (change.shared ? ", shares once." : "."));
  COFFER_CHECK(ask_back(ceremony, change.new_name, change.shared, change.fresh));
  COFFER_TRY(const bool changed,
             pkcs11::takes_pin(ceremony.token, change.owner, change.fresh, pkcs11::PinTry::first));
  if (changed) return true;
  change.fresh.clear();
  COFFER_CHECK(ask_back(ceremony, change.old_name, false, old_pin));
  COFFER_TRY(const bool unchanged,
             pkcs11::takes_pin(ceremony.token, change.owner, old_pin, pkcs11::PinTry::second));
  if (unchanged) return false;
  return make_error(
      ErrorCode::permission_denied,
      "the token has neither the " + new_name + " nor the " + old_name + " that was typed in");
}

/// Before the line "intent": with a wrong one the token stays as it is, and that is known.
Result<void> prove(Ceremony& ceremony, const Change& change, const SecureBytes& old_pin) {
  COFFER_TRY(const bool taken,
             pkcs11::takes_pin(ceremony.token, change.owner, old_pin, pkcs11::PinTry::first));
  if (taken) return {};
  return make_error(ErrorCode::permission_denied,
                    "the token refused the " + std::string(change.old_name));
}

Result<Facts> change_pin(Ceremony& ceremony, const Change& change, const SecureBytes& old_pin) {
  COFFER_CHECK(prove(ceremony, change, old_pin));
  Facts facts;
  COFFER_CHECK(make_anew(ceremony, change.new_name, change.hand, change.fresh, facts));
  COFFER_CHECK(ask_back(ceremony, change.new_name, change.shared, change.fresh));
  COFFER_CHECK(
      ceremony.journal.append("intent", change.step, {{"pin", std::string(change.new_name)}}));
  COFFER_CHECK(pkcs11::change_pin(ceremony.token, change.owner, old_pin, change.fresh));
  return facts;
}

/// `how`: what else is to be said of it.
Facts changed(const Change& change, Facts how) {
  Facts facts{{"changed", "yes"}};
  facts.insert(facts.end(), how.begin(), how.end());
  if (change.shared) facts.push_back(subsets_tried());
  return facts;
}

Facts found(const Change& change) {
  return changed(change, {{std::string(change.new_name), std::string(kFound)}});
}

}  // namespace

Result<const SecureBytes*> user_pin(Ceremony& ceremony) {
  if (!ceremony.user_pin.empty()) return &ceremony.user_pin;
  const Change change = of_user(ceremony);
  if (was_cut(ceremony, change)) {
    SecureBytes old_pin;
    COFFER_TRY(ceremony.user_pin_was_changed, find_out(ceremony, change, old_pin));
    if (ceremony.user_pin_was_changed) {
      COFFER_TRY(old_pin, change.fresh.clone());
    }
    ceremony.user_pin = std::move(old_pin);
    return &ceremony.user_pin;
  }
  const bool done = ceremony.journal.transcript().find("done", change.step) != nullptr;
  const std::string_view name = done ? change.new_name : change.old_name;
  COFFER_TRY(ceremony.user_pin, ceremony.console.ask_secret(name));
  return &ceremony.user_pin;
}

Result<Facts> change_user_pin(Ceremony& ceremony) {
  const Change change = of_user(ceremony);
  COFFER_TRY(const SecureBytes* const old_pin, user_pin(ceremony));
  if (ceremony.user_pin_was_changed) return found(change);
  COFFER_TRY(Facts how, change_pin(ceremony, change, *old_pin));
  COFFER_TRY(ceremony.user_pin, change.fresh.clone());
  COFFER_TRY(const auto token, open_planned(ceremony));
  return changed(change, std::move(how));
}

Result<Facts> change_so_pin(Ceremony& ceremony) {
  const Change change = of_officer(ceremony);
  SecureBytes old_pin;
  if (was_cut(ceremony, change)) {
    COFFER_TRY(const bool has_new, find_out(ceremony, change, old_pin));
    if (has_new) return found(change);
  } else {
    COFFER_TRY(old_pin, ceremony.console.ask_secret(change.old_name));
  }
  COFFER_TRY(Facts how, change_pin(ceremony, change, old_pin));
  return changed(change, std::move(how));
}

}  // namespace coffer::ceremony
