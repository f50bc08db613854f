// The machine on which a ceremony is held. Private to the room.
#pragma once

#include <string>
#include <vector>

#include "plan.h"

namespace coffer::ceremony {

struct Finding {
  std::string name;
  std::string found;
  bool good = true;
  std::string beside{};  ///< what it should have been, where that is known
};

struct Machine {
  std::string module;
  std::string uri;                 ///< of the one token that is looked at; empty: all of the module
  bool has_planned_module = true;  ///< false: it is that of a rehearsal
};

/// Hashes of this program, of the module and of the programs that the plan's acts run, held against
/// those of the plan where it has any; the clock, entropy, swap, network, and what the tokens say
/// of themselves and of wrong PINs. not_found for a program that isn't there.
[[nodiscard]] Result<std::vector<Finding>> preflight(const Plan& plan, const Machine& machine);

/// Whether what was found of that name is as it should be, as far as the words tell: all of it but
/// for hashes, which must be known from elsewhere.
[[nodiscard]] bool looks_good(std::string_view name, std::string_view found) noexcept;

}  // namespace coffer::ceremony
