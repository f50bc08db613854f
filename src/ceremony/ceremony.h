// A ceremony under way: what its steps share. Private to the room.
#pragma once

#include <memory>
#include <string>

#include "console.h"
#include "plan.h"
#include "preflight.h"
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
  std::string noted{};        ///< the transcript's hash that is given to go on with; may be empty
  SecureBytes so_pin{};
  SecureBytes user_pin{};
  bool user_pin_was_changed = false;  ///< by the run that was cut short: it is the new one
  SecureBytes new_so_pin{};
  SecureBytes new_user_pin{};
  std::vector<Fact> failure{};  ///< what the line "failed" says of this step beside why

  [[nodiscard]] std::string path(std::string_view name) const {
    return directory + "/" + std::string(name);
  }
};

/// What its preflight looks at.
[[nodiscard]] Machine machine_of(const Ceremony& ceremony);

/// Does one step, or does it again after it was cut short; gives what goes into the transcript.
[[nodiscard]] Result<Facts> perform(Ceremony& ceremony, const Step& step);

/// Runs what is left of the ceremony: each step, then the confirmations of two people. An error
/// stands in the transcript too, and the step can be run again.
[[nodiscard]] Result<void> conduct(Ceremony& ceremony);

/// A line each, whatever is in them.
void show_facts(Ceremony& ceremony, const Facts& facts, const std::string& indent);
/// Shows the transcript's hash for people to note: who goes on later holds it against theirs.
void show_head(Ceremony& ceremony);

/// Gives the result back, and writes an error down as the line "aborted".
[[nodiscard]] Result<void> or_aborted(Ceremony& ceremony, Result<void> result);

struct TwoPeople {
  std::string first;
  std::string second;
};
/// Why these two can't answer for it: not of the plan, the same, or without those roles. Empty if
/// they can.
[[nodiscard]] std::string why_not(const Plan& plan, const std::vector<Role>& roles,
                                  const TwoPeople& two);

struct Question {
  std::string key;   ///< "confirm.KEY.1" and ".2" are the console's
  std::string step;  ///< of the line "refused"
  std::string first;
  std::string second;
  std::vector<Role> roles{};  ///< that must be among the two
};
/// permission_denied after three tries; each refusal is a line of the transcript.
[[nodiscard]] Result<TwoPeople> ask_two(Ceremony& ceremony, const Question& question);

/// A finding that isn't as it should be: goes on only with a reason, for which two people answer.
/// The facts of the line "exception"; precondition without.
[[nodiscard]] Result<Facts> ask_exception(Ceremony& ceremony, std::string_view step,
                                          std::string_view finding, std::string_view found);
/// The same, and writes the line.
[[nodiscard]] Result<void> make_exception(Ceremony& ceremony, std::string_view step,
                                          std::string_view finding, std::string_view found);

/// The first of the plan's people who has that role; empty if nobody has.
[[nodiscard]] std::string person_with(const Plan& plan, Role role);

}  // namespace coffer::ceremony
