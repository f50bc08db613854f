#include "pins.h"

#include <fmt/core.h>

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

/// All of them, so that each paper is known to be of use before its holder leaves.
Result<SecureBytes> ask_for_shares(Ceremony& ceremony) {
  std::vector<SecureBytes> shares;
  for (std::uint32_t i = 1; i <= ceremony.plan.shares->total; ++i) {
    COFFER_TRY(SecureBytes share, ceremony.console.ask_secret(fmt::format("share-{}", i)));
    shares.push_back(std::move(share));
  }
  return combine_every_subset(shares, ceremony.plan.shares->needed);
}

}  // namespace

Result<SecureBytes> make_pin() {
  COFFER_TRY(SecureBytes pin, crypto::random_secret(kPinLength));
  for (std::uint8_t& byte : pin.expose_mutable(Reveal{"random bytes become a PIN"})) {
    byte = static_cast<std::uint8_t>(kAlphabet[byte % kAlphabet.size()]);
  }
  return pin;
}

Result<void> hand_out_so_pin(Ceremony& ceremony, std::string_view name, const SecureBytes& pin) {
  if (ceremony.plan.shares) return hand_out_shares(ceremony, pin);
  return ceremony.console.hand_over(name, person_with(ceremony.plan, Role::security_officer), pin);
}

Result<void> hand_out_user_pin(Ceremony& ceremony, std::string_view name, const SecureBytes& pin) {
  return ceremony.console.hand_over(name, person_with(ceremony.plan, Role::user), pin);
}

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

Fact subsets_tried() { return {"subsets-tried", "all"}; }

}  // namespace coffer::ceremony
