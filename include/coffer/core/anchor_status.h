// How the vault's anchor on the token is: what an older copy of all its files is found out by.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "coffer/base/clock.h"

namespace coffer::core {

struct AnchorStatus {
  bool supported = true;              ///< this make of token holds data objects
  std::uint64_t sequence = 0;         ///< of the store's commit that it tells of
  std::optional<WallTime> written{};  ///< since the vault was opened; nullopt: not yet
  std::string trouble{};              ///< why the last attempt failed; empty: it didn't
};

}  // namespace coffer::core
