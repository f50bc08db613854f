// A connection URL of MariaDB in the form of Go's driver, taken apart before names and passwords
// are put in: [user[:password]@]tcp(host:port)/database?parameters, or unix(/path).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "coffer/base/result.h"
#include "memory_file.h"

namespace coffer::connectors {

struct MariadbOptions {
  enum class Tls : std::uint8_t { none, unverified, verified };
  std::string user{};  ///< empty: the one of the configuration
  std::string host{};  ///< empty: by `socket`
  std::uint16_t port = 3306;
  std::string socket{};
  std::string database{};
  Tls tls = Tls::none;
  bool tls_given = false;                           ///< the URL says it
  std::shared_ptr<const MemoryFile> authorities{};  ///< null: the system's
};

/// invalid_argument: not of that form, a parameter that isn't known, a password in clear.
[[nodiscard]] Result<MariadbOptions> parse_mariadb_url(std::string_view text);

}  // namespace coffer::connectors
