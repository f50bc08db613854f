// What the steps do. Each may be run again after it was cut short. Private to the room.
#pragma once

#include "ceremony.h"

namespace coffer::ceremony {

[[nodiscard]] Result<Facts> show_plan(Ceremony& ceremony);
[[nodiscard]] Result<Facts> look_around(Ceremony& ceremony);
[[nodiscard]] Result<Facts> note_checkpoint(Ceremony& ceremony);
/// The daemon signs its log each second: what the programs did is in it.
[[nodiscard]] Result<Facts> note_checkpoint_after(Ceremony& ceremony);
[[nodiscard]] Result<Facts> open_existing(Ceremony& ceremony);
[[nodiscard]] Result<Facts> hand_out_pins(Ceremony& ceremony);
[[nodiscard]] Result<Facts> initialise(Ceremony& ceremony);
[[nodiscard]] Result<Facts> hand_out_new_pins(Ceremony& ceremony);
[[nodiscard]] Result<Facts> change_user_pin(Ceremony& ceremony);
[[nodiscard]] Result<Facts> change_so_pin(Ceremony& ceremony);
[[nodiscard]] Result<Facts> make_keys(Ceremony& ceremony);
[[nodiscard]] Result<Facts> hold_against_plan(Ceremony& ceremony);
/// The fact of a key or a PIN that the token had when a ceremony went on behind its line "intent".
inline constexpr std::string_view kFound = "found on the token";
/// What "token", "keys" and "attributes" read from the token, once more; without kFound.
[[nodiscard]] Result<Facts> read_back(Ceremony& ceremony, std::string_view step);
[[nodiscard]] Result<Facts> write_enrolment(Ceremony& ceremony);
[[nodiscard]] Result<Facts> destroy_keys(Ceremony& ceremony);
/// Of the plan, by the act's name. Not run in a rehearsal.
[[nodiscard]] Result<Facts> run_program(Ceremony& ceremony, const std::string& act);

/// The user PIN that the token has, typed in unless it is here already. Where the ceremony was cut
/// short while it was changed, the token is asked which that is.
[[nodiscard]] Result<const SecureBytes*> user_pin(Ceremony& ceremony);
/// Logged in with it. One at a time.
[[nodiscard]] Result<std::unique_ptr<pkcs11::Token>> open_planned(Ceremony& ceremony);

/// Eight characters that aren't taken for each other, 40 random bits: a token allows few tries.
[[nodiscard]] Result<SecureBytes> make_pin();

}  // namespace coffer::ceremony
