// A bundle of evidence as a tar file. docs/formats/evidence.md.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "coffer/base/result.h"

namespace coffer::cli {

using BundleFiles = std::vector<std::pair<std::string, std::string>>;

/// Writes a new file (0600), in the order given, and syncs it. conflict: there is one already. The
/// same files give the same bytes but for `seconds`, the time that they all get. What was written
/// of one that failed is removed.
[[nodiscard]] Result<void> write_bundle(const std::string& path, const BundleFiles& files,
                                        std::int64_t seconds);

}  // namespace coffer::cli
