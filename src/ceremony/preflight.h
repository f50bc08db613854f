// The machine on which a ceremony is held. Private to the room.
#pragma once

#include <string>
#include <vector>

#include "coffer/base/result.h"

namespace coffer::ceremony {

struct Finding {
  std::string name;
  std::string found;
  bool good = true;
};

/// Hashes of this program and of the module, the clock, entropy, swap, network, and what the tokens
/// say of themselves and of wrong PINs; of the one that `uri` names alone, where it isn't empty.
[[nodiscard]] Result<std::vector<Finding>> preflight(const std::string& module,
                                                     const std::string& uri);

}  // namespace coffer::ceremony
