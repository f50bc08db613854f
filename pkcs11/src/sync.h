// Making a file-based token's new objects durable.
#pragma once

#include <string>

#include "coffer/base/result.h"

namespace coffer::pkcs11 {

/// syncfs of the directory's file system; nothing if the path is empty. SoftHSM never syncs: a
/// power cut right after C_GenerateKey loses the key. unavailable.
[[nodiscard]] Result<void> sync_file_system(const std::string& directory);

}  // namespace coffer::pkcs11
