// Small files of the daemon's own: PINs, tokens, public keys.
#pragma once

#include <sys/types.h>

#include <string>

#include "coffer/base/secure_bytes.h"

namespace coffer::daemon {

/// Made with mode 0700 if absent; refused if it is another user's or others may write to it.
[[nodiscard]] Result<void> ensure_private_directory(const std::string& path);

/// Writes to a temporary file beside it, syncs, renames, syncs the directory: all of it, or
/// nothing.
[[nodiscard]] Result<void> write_file(const std::string& path, ByteView content, mode_t mode);

/// At most 64 KiB. not_found if there is none.
[[nodiscard]] Result<std::string> read_file(const std::string& path);

/// As read_file, for a PIN or token: refused unless it is ours and no one else may read it. One
/// line end at the end is cut.
[[nodiscard]] Result<SecureBytes> read_secret_file(const std::string& path);

/// As read_secret_file, for a credential of the service manager: it may be root's, with an access
/// list that lets us read and shows as rights of the group.
[[nodiscard]] Result<SecureBytes> read_credential_file(const std::string& path);

}  // namespace coffer::daemon
