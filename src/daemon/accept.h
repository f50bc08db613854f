// What comes of taking a store on that isn't the one that the vault left.
#pragma once

#include <string>

#include "coffer/core/lacking.h"

namespace coffer::daemon {

struct Accepted {
  std::string wrong{};  ///< with the store, for people
  std::string aside{};  ///< the file that has the rows that went, as they were; empty: none went
  core::Lacking lacking{};
  core::StillLacking still{};     ///< the same, for people
  std::uint64_t unopened = 0;     ///< secrets that are there, for whose opening there was no time
  std::uint64_t unreachable = 0;  ///< secrets that no row speaks of
};

/// `text` with `damage` in it, before what it says of how to accept.
[[nodiscard]] std::string with_damage(std::string text, const std::string& damage);

}  // namespace coffer::daemon
