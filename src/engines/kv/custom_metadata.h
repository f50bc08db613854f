// What operators note about a secret: names and strings, not secret themselves.
#pragma once

#include <map>
#include <string>

#include "coffer/model/fields.h"

namespace coffer::engines::kv {

using CustomMetadata = std::map<std::string, std::string>;

inline constexpr std::size_t kMaxCustomEntries = 64;
inline constexpr std::size_t kMaxCustomName = 128;   ///< bytes
inline constexpr std::size_t kMaxCustomValue = 512;  ///< bytes

/// `given` on top of `before`: a null takes a name out (RFC 7396). To replace the whole, give an
/// empty `before`, with `nulls` false. invalid_argument names the field.
[[nodiscard]] Result<CustomMetadata> merged_custom(CustomMetadata before,
                                                   const model::Fields& given, bool nulls);

}  // namespace coffer::engines::kv
