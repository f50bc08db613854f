// Who may own, read and write the files that the daemon leans on. Each check gives `precondition`
// with the path and the rule, as the user that the process is at that moment.
#pragma once

#include <string>

#include "coffer/base/result.h"

namespace coffer::daemon {

/// "/a/b" → "/a"; "/b" → "/"; "b" → ".".
[[nodiscard]] std::string directory_of(const std::string& path);

/// Ours, a directory and no link, and nobody else's to look into: 0700.
[[nodiscard]] Result<void> check_private_directory(const std::string& path);
[[nodiscard]] Result<void> check_private_directory_if_there(const std::string& path);
/// The same, and each segment in it is private; its group may read. It may be absent.
[[nodiscard]] Result<void> check_audit_directory(const std::string& path);
/// Ours, regular, with one name, and nobody else may read or write it. It may be absent.
[[nodiscard]] Result<void> check_private_file(const std::string& path);
/// As above, and there: a PIN.
[[nodiscard]] Result<void> check_secret_file(const std::string& path);

/// A directory in which nobody but root and us can put or replace anything, up to the root.
[[nodiscard]] Result<void> check_trusted_directory(const std::string& path);
/// A regular file, no link, in such a directory, that nobody but root and us can write.
[[nodiscard]] Result<void> check_trusted_file(const std::string& path);
[[nodiscard]] Result<void> check_trusted_file_if_there(const std::string& path);
[[nodiscard]] Result<void> check_is_directory(const std::string& path);

/// A PKCS#11 module that may be loaded (pkcs11::check_module_file).
[[nodiscard]] Result<void> check_module(const std::string& path);
/// A group that is there, and to which we may give a socket: one of ours, or we are root.
[[nodiscard]] Result<void> check_group_of_ours(const std::string& name);

}  // namespace coffer::daemon
