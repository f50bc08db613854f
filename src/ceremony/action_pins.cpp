// PINs: made here, shown once to the one who keeps it, typed in by that person when it is used.
#include <fmt/core.h>

#include <optional>

#include "actions.h"
#include "coffer/crypto/random.h"
#include "shares.h"

namespace coffer::ceremony {
namespace {

constexpr std::size_t kPinLength = 8;
/// 32 of them: five bits a byte, without bias.
constexpr std::string_view kAlphabet = "abcdefghjkmnpqrstuvwxyz123456789";
static_assert(kAlphabet.size() == 32);

Result<void> hand_out_shares(Ceremony& ceremony, const SecureBytes& so_pin) {
  const Shares& wanted = *ceremony.plan.shares;
  COFFER_TRY(const std::vector<SecureBytes> shares,
             split_secret(so_pin, {wanted.needed, wanted.total}));
  std::size_t next = 0;
  for (const auto& [name, person] : ceremony.plan.people) {
    if (person.role != Role::custodian) continue;
    const std::string which = fmt::format("share-{}", next + 1);
    COFFER_CHECK(ceremony.console.hand_over(which, name, shares.at(next)));
    ++next;
  }
  return {};
}

Result<void> hand_out_so_pin(Ceremony& ceremony, std::string_view name, const SecureBytes& pin) {
  if (ceremony.plan.shares) return hand_out_shares(ceremony, pin);
  return ceremony.console.hand_over(name, person_with(ceremony.plan, Role::security_officer), pin);
}

Result<void> hand_out_user_pin(Ceremony& ceremony, std::string_view name, const SecureBytes& pin) {
  return ceremony.console.hand_over(name, person_with(ceremony.plan, Role::user), pin);
}

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

using HandOut = Result<void> (*)(Ceremony&, std::string_view, const SecureBytes&);

/// What was handed out before the ceremony was cut short is known to nobody here, and no token has
/// it yet: whatever was typed in would have to be taken, also a PIN of somebody's own.
Result<void> make_anew(Ceremony& ceremony, std::string_view name, HandOut hand, SecureBytes& pin,
                       Facts& facts) {
  if (!pin.empty()) return {};
  ceremony.console.say("The " + std::string(name) +
                       " is made anew: no token has the one that was handed out before.");
  COFFER_TRY(pin, make_pin());
  COFFER_CHECK(hand(ceremony, name, pin));
  facts.push_back({std::string(name), "made anew"});
  return {};
}

/// All of them, so that each paper is known to be of use before its holder leaves.
Result<SecureBytes> ask_for_shares(Ceremony& ceremony) {
  std::vector<SecureBytes> shares;
  for (std::uint32_t i = 1; i <= ceremony.plan.shares->total; ++i) {
    COFFER_TRY(SecureBytes share, ceremony.console.ask_secret(fmt::format("share-{}", i)));
    shares.push_back(std::move(share));
  }
  return combine_every_subset(shares, ceremony.plan.shares->needed);
}

/// What is typed in must be what was handed out: a PIN that was written down wrongly is found now.
/// After a restart nothing of one that a token has is here any more, and it is typed in twice;
/// shares once, which have a checksum each and a tag of the PIN.
Result<void> ask_back(Ceremony& ceremony, std::string_view name, bool shared, SecureBytes& pin) {
  const auto ask = [&] {
    return shared ? ask_for_shares(ceremony) : ceremony.console.ask_secret(name);
  };
  COFFER_TRY(SecureBytes typed, ask());
  if (pin.empty() && shared) {
    pin = std::move(typed);
    return {};
  }
  if (pin.empty()) {
    COFFER_TRY(pin, ask());
  }
  const Reveal why{"a PIN is compared with what was handed out"};
  if (!crypto::equal_constant_time(typed.expose(why), pin.expose(why))) {
    return make_error(ErrorCode::invalid_argument,
                      "the " + std::string(name) + " that was typed in isn't the one handed out");
  }
  return {};
}

/// Of the shares as they were typed in.
Fact subsets_tried() { return {"subsets-tried", "all"}; }

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

Result<SecureBytes> make_pin() {
  COFFER_TRY(SecureBytes pin, crypto::random_secret(kPinLength));
  for (std::uint8_t& byte : pin.expose_mutable(Reveal{"random bytes become a PIN"})) {
    byte = static_cast<std::uint8_t>(kAlphabet[byte % kAlphabet.size()]);
  }
  return pin;
}

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

Result<Facts> change_user_pin(Ceremony& ceremony) {
  COFFER_TRY(const SecureBytes* const old_pin, user_pin(ceremony));
  Facts facts{{"changed", "yes"}};
  COFFER_CHECK(
      make_anew(ceremony, "new-user-pin", hand_out_user_pin, ceremony.new_user_pin, facts));
  COFFER_CHECK(ask_back(ceremony, "new-user-pin", false, ceremony.new_user_pin));
  COFFER_CHECK(
      pkcs11::change_pin(ceremony.token, pkcs11::PinOwner::user, *old_pin, ceremony.new_user_pin));
  COFFER_TRY(ceremony.user_pin, ceremony.new_user_pin.clone());
  COFFER_TRY(const auto token, open_planned(ceremony));
  return facts;
}

Result<Facts> change_so_pin(Ceremony& ceremony) {
  COFFER_TRY(const SecureBytes old_pin, ceremony.console.ask_secret("so-pin"));
  const bool shared = ceremony.plan.shares.has_value();
  Facts facts{{"changed", "yes"}};
  COFFER_CHECK(make_anew(ceremony, "new-so-pin", hand_out_so_pin, ceremony.new_so_pin, facts));
  COFFER_CHECK(ask_back(ceremony, "new-so-pin", shared, ceremony.new_so_pin));
  COFFER_CHECK(pkcs11::change_pin(ceremony.token, pkcs11::PinOwner::security_officer, old_pin,
                                  ceremony.new_so_pin));
  if (shared) facts.push_back(subsets_tried());
  return facts;
}

}  // namespace coffer::ceremony
