// What is known of a key beside its secrets: the row of table kMetadata (docs/formats/kv.md).
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "coffer/base/clock.h"
#include "coffer/base/result.h"

namespace coffer::engines::kv {

struct VersionState {
  WallTime created;
  WallTime deletion;  ///< epoch: none; in the future: not yet
  bool destroyed = false;

  [[nodiscard]] bool has_deletion() const { return deletion != WallTime{}; }
  [[nodiscard]] bool deleted(WallTime now) const { return has_deletion() && deletion <= now; }
};

struct KeyMetadata {
  WallTime created;
  WallTime updated;
  std::uint64_t current_version = 0;
  std::uint32_t max_versions = 0;  ///< 0: the mount's
  bool cas_required = false;
  std::chrono::seconds delete_version_after{0};  ///< 0: the mount's; negative: never
  std::map<std::string, std::string> custom;
  std::map<std::uint64_t, VersionState> versions;
};

[[nodiscard]] std::string encode(const KeyMetadata& metadata);
/// `corrupt` for anything but what encode() gives.
[[nodiscard]] Result<KeyMetadata> decode(std::string_view row);

}  // namespace coffer::engines::kv
