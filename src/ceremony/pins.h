// PINs between people and the token: made here, shown once to the one who keeps it, typed in by
// that person when it is used. Private to the room.
#pragma once

#include "ceremony.h"

namespace coffer::ceremony {

using HandOut = Result<void> (*)(Ceremony&, std::string_view name, const SecureBytes& pin);

/// To the security officer, or to the custodians in shares.
[[nodiscard]] Result<void> hand_out_so_pin(Ceremony& ceremony, std::string_view name,
                                           const SecureBytes& pin);
[[nodiscard]] Result<void> hand_out_user_pin(Ceremony& ceremony, std::string_view name,
                                             const SecureBytes& pin);

/// Where `pin` isn't here: what was handed out before the ceremony was cut short is known to nobody
/// here, and whatever was typed in would have to be taken, also a PIN of somebody's own.
/// Precondition: no token has it.
[[nodiscard]] Result<void> make_anew(Ceremony& ceremony, std::string_view name, HandOut hand,
                                     SecureBytes& pin, Facts& facts);

/// What is typed in must be what was handed out: a PIN that was written down wrongly is found now.
/// After a restart nothing of one that a token has is here any more, and it is typed in twice;
/// shares once, which have a checksum each and a tag of the PIN.
[[nodiscard]] Result<void> ask_back(Ceremony& ceremony, std::string_view name, bool shared,
                                    SecureBytes& pin);

/// Of the shares as they were typed in.
[[nodiscard]] Fact subsets_tried();

}  // namespace coffer::ceremony
