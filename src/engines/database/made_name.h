// Names of users as the engine makes them without a template, read back: after a restore they tell
// of users that no row knows. docs/formats/database.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "coffer/base/clock.h"
#include "coffer/base/result.h"
#include "coffer/base/uuid.h"

namespace coffer::engines::database {

/// All of them begin so.
inline constexpr std::string_view kMadeNamesBegin = "v-";

struct MadeName {
  std::uint64_t epoch = 0;  ///< of the vault, when the user was made
  std::string lease;        ///< the name of its lease
  WallTime created{};       ///< to the second
};

/// nullopt: it hasn't the form of default_username(). Whoever may make users may give them one that
/// has: it is a hint where to look, and proves nothing.
[[nodiscard]] std::optional<MadeName> parse_made_name(std::string_view username);

/// 24 of base62 for a lease of this engine: 20 are random (119 bits), and the last four tell by
/// which vault, for vaults may share a server.
[[nodiscard]] Result<std::string> new_lease_name(const Uuid& vault);
/// False: another vault's, or one from before names told. Of another's one in 14 million is taken
/// for ours, and all of a copy of this vault are.
[[nodiscard]] Result<bool> is_name_of(const Uuid& vault, std::string_view lease);

}  // namespace coffer::engines::database
