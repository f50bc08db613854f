// A bundle of evidence as it comes: a tar file. Private to the room.
#pragma once

#include <string>

#include "coffer/audit/evidence.h"

namespace coffer::auditor {

/// All of it, in memory. corrupt: no tar file, cut short, or with anything in it but plain files;
/// too_large: more than 256 MiB. unavailable names the path.
[[nodiscard]] Result<audit::Bundle> read_bundle(const std::string& path);

}  // namespace coffer::auditor
