// Whether a PKCS#11 module may be loaded: it runs with all that the daemon may do, sees the PIN,
// and is native code from a path in a configuration file.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "coffer/base/result.h"

namespace coffer::pkcs11 {

/// The path with symbolic links resolved, which is the one to load. invalid_argument if it isn't
/// absolute; not_found; permission_denied if the file, or a directory above it, could be replaced
/// by anyone but root and ourselves. The text names what is wrong with which path.
[[nodiscard]] Result<std::string> check_module_file(const std::string& path);

/// Why a file or directory of this mode and owner could be changed by others than root and `us`;
/// empty if it couldn't.
[[nodiscard]] std::string_view why_untrusted(mode_t mode, uid_t owner, uid_t us) noexcept;

}  // namespace coffer::pkcs11
