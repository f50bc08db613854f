// Who may be given which certificates: a role, as it stands in a row (docs/formats/ssh.md).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ca.h"
#include "certificate.h"
#include "coffer/model/fields.h"

namespace coffer::engines::ssh {

using std::chrono::seconds;

struct KeyLength {
  KeyType type = KeyType::rsa;
  std::uint32_t bits = 0;  ///< 0: any
};

/// Lists are kept as Vault does, as the text with commas that was written.
struct Role {
  bool allow_user_certificates = false;
  bool allow_host_certificates = false;
  bool allow_bare_domains = false;
  bool allow_subdomains = false;
  bool allow_user_key_ids = false;
  std::string allowed_users{};    ///< "*": any
  std::string allowed_domains{};  ///< "*": any
  std::string default_user{};
  std::string allowed_critical_options{};  ///< which of its defaults a request may change
  std::string allowed_extensions{};        ///< "*": any; empty: none
  std::string key_id_format{};
  seconds ttl{0};      ///< 0: the mount's
  seconds max_ttl{0};  ///< 0: the mount's
  seconds not_before_duration{30};
  Options default_critical_options{};
  Options default_extensions{};
  std::vector<KeyLength> allowed_user_key_lengths{};  ///< empty: all

  [[nodiscard]] bool allows(KeyLength key) const noexcept;
};

[[nodiscard]] std::string encode(const Role& role);
[[nodiscard]] Result<Role> decode_role(std::string_view row);
/// The `data` of an answer, under Vault's names.
[[nodiscard]] std::string role_data(const Role& role);

/// The whole role, as Vault takes it: what is left out gets its default. invalid_argument names the
/// field; what isn't supported is refused by name.
[[nodiscard]] Result<Role> read_role(const model::Fields& fields);
/// An object of strings. Names: at most 64, of 64 bytes; values of 1024.
[[nodiscard]] Result<Options> read_options(const model::Fields& fields, std::string_view name);

/// "a, b,,c" has the parts a, b and c.
[[nodiscard]] std::vector<std::string> parts_of(std::string_view list);

[[nodiscard]] inline engine::RowName role_row(const Uuid& mount, std::string_view name) {
  return {{mount, kRoleTable}, {}, std::string(name)};
}

}  // namespace coffer::engines::ssh
