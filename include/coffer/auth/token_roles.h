// Roles of auth/token: what tokens made through them get. docs/auth.md.
#pragma once

#include "coffer/auth/token.h"
#include "coffer/envelope/sealed_store.h"

namespace coffer::auth {

struct TokenRole {
  std::vector<std::string> allowed_policies{};
  std::vector<std::string> disallowed_policies{};
  std::vector<std::string> allowed_policies_glob{};
  std::vector<std::string> disallowed_policies_glob{};
  bool orphan = false;
  bool renewable = true;
  bool no_default_policy = false;
  std::string path_suffix{};
  std::chrono::seconds explicit_max_ttl{0};
  std::chrono::seconds period{0};
  std::int64_t num_uses = 0;
};

struct StoredTokenRole {
  TokenRole role;
  store::RowVersion version = 0;
};

/// Each call reads or stages in `tx`; names are canonical path segments.
[[nodiscard]] Result<std::optional<StoredTokenRole>> read_token_role(
    envelope::SealedTransaction& tx, std::string_view name);
/// `version` 0: there must be none.
[[nodiscard]] Result<void> write_token_role(envelope::SealedTransaction& tx, std::string_view name,
                                            const StoredTokenRole& role);
void remove_token_role(envelope::SealedTransaction& tx, std::string_view name);
[[nodiscard]] Result<std::vector<std::string>> list_token_roles(envelope::SealedTransaction& tx);

}  // namespace coffer::auth
