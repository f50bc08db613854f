// What a ceremony left behind, file by file: its directory, or a tar file of that. Private to the
// room.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "coffer/base/result.h"

namespace coffer::ceremony {

class Bundle final {
 public:
  /// Of a tar file everything is read into memory, and nothing unpacked. not_found and unavailable
  /// name the path; corrupt: a tar file that is cut short or compressed, that has anything in it
  /// but plain files and directories, a name that leads out, one twice, or no plan.json in exactly
  /// one directory; too_large: more than 64 MiB or 1024 entries.
  [[nodiscard]] static Result<Bundle> open(const std::string& path);

  /// not_found, unavailable; too_large over `most` bytes.
  [[nodiscard]] Result<std::string> read(const std::string& name, std::size_t most) const;
  /// All that stands there, also what isn't a file.
  [[nodiscard]] const std::set<std::string>& names() const noexcept { return names_; }

 private:
  std::string directory_;
  std::optional<std::map<std::string, std::string>> packed_;
  std::set<std::string> names_;
};

}  // namespace coffer::ceremony
