// Whether a PKCS#11 module may be loaded: it runs with all that the daemon may do, sees the PIN,
// and is native code from a path in a configuration file.
#pragma once

#include <string>

#include "coffer/base/result.h"

namespace coffer::pkcs11 {

/// The path with symbolic links resolved, which is the one to load. invalid_argument if it isn't
/// absolute; not_found; permission_denied if the file, or a directory above it, could be replaced
/// by anyone but root and ourselves. The text names what is wrong with which path.
[[nodiscard]] Result<std::string> check_module_file(const std::string& path);

}  // namespace coffer::pkcs11
