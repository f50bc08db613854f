// A tar file, read into memory by somebody who doesn't trust who made it. Private to the room.
#pragma once

#include <map>
#include <set>
#include <string>

#include "coffer/base/result.h"

namespace coffer::ceremony {

struct TarFiles {
  std::map<std::string, std::string> files;  ///< by their whole names, without "./"
  std::set<std::string> directories;
};

/// Errors as Bundle::open().
[[nodiscard]] Result<TarFiles> read_tar(const std::string& path);

}  // namespace coffer::ceremony
