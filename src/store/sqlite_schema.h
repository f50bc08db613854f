// The tables (docs/formats/store.md), and the gate before them: a file that isn't ours, or of a
// version that this program doesn't know, is told apart without a byte of it being changed.
#pragma once

#include <string>

#include "coffer/base/uuid.h"

namespace coffer::store {

inline constexpr int kApplicationId = 0x436f6672;  ///< "Cofr"
inline constexpr int kSchemaVersion = 1;

/// Fills the empty file with version kSchemaVersion, and syncs it.
[[nodiscard]] Result<void> make_schema(const std::string& file, const Uuid& node);

/// precondition: not a store of ours, or of another version. corrupt: no SQLite file.
[[nodiscard]] Result<void> check_schema(const std::string& file);

}  // namespace coffer::store
