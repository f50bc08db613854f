// A connection URL of PostgreSQL, taken apart before names and passwords are put in.
#pragma once

#include "coffer/connectors/target.h"
#include "postgresql_connection.h"

namespace coffer::connectors {

/// `text` is a libpq URI or "key=value …" that may hold {{username}} and {{password}} as whole
/// values. invalid_argument: not parsed, a keyword that isn't allowed, a password in clear.
[[nodiscard]] Result<PqOptions> parse_postgresql_url(std::string_view text);

/// The options of a login: with user and password of its own, and another database if one is named.
/// The password stays in clear in the result: wipe_password() when it was used.
[[nodiscard]] PqOptions login_options(const PqOptions& parsed, std::string_view name,
                                      const SecureBytes& password, std::string_view database = {});
/// Has the server's certificate checked by the authorities in this file, and its name too unless
/// the URL wants sslmode=verify-ca. invalid_argument: the URL says otherwise.
[[nodiscard]] Result<void> trust(PqOptions& options, std::string_view authorities);
void wipe_password(PqOptions& options) noexcept;

}  // namespace coffer::connectors
