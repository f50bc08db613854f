// A ceremony under way: what its steps share. Private to the room.
#pragma once

#include <memory>
#include <string>

#include "console.h"
#include "plan.h"
#include "steps.h"
#include "transcript.h"

namespace coffer::ceremony {

enum class Mode : std::uint8_t { rehearsal, live };

/// PINs are here from when they were handed out, or typed in, until the ceremony ends.
struct Ceremony {
  const Plan& plan;
  Mode mode;
  std::string directory;
  Console& console;
  Journal& journal;
  pkcs11::TokenConfig token;  ///< of a rehearsal: the one that is thrown away
  SecureBytes so_pin{};
  SecureBytes user_pin{};
  SecureBytes new_so_pin{};
  SecureBytes new_user_pin{};

  [[nodiscard]] std::string path(std::string_view name) const {
    return directory + "/" + std::string(name);
  }
};

/// Does one step, or does it again after it was cut short; gives what goes into the transcript.
[[nodiscard]] Result<Facts> perform(Ceremony& ceremony, const Step& step);

/// Runs what is left of the ceremony: each step, then the confirmations of two people. An error
/// stands in the transcript too, and the step can be run again.
[[nodiscard]] Result<void> conduct(Ceremony& ceremony);

/// A finding that isn't as it should be: goes on only with a reason that somebody gives, and that
/// stands in the transcript. precondition without.
[[nodiscard]] Result<void> make_exception(Ceremony& ceremony, std::string_view step,
                                          std::string_view finding, std::string_view found);

/// The first of the plan's people who has that role; empty if nobody has.
[[nodiscard]] std::string person_with(const Plan& plan, Role role);

}  // namespace coffer::ceremony
