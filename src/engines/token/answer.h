// Tokens as answers show them.
#pragma once

#include "coffer/auth/token.h"
#include "coffer/auth/token_roles.h"
#include "coffer/model/caller.h"
#include "coffer/model/request.h"

namespace coffer::engines::token {

/// Whether a lookup tells what a token was made with: whoever may look up by accessors; nobody is
/// told by his own token who made it.
enum class Parent : std::uint8_t { told, kept };

/// `data` of a lookup. `id`: the token where the client sent it, else empty. Secret.
[[nodiscard]] std::string lookup_data(const auth::Token& token, std::string_view id, WallTime now,
                                      Parent parent);
/// The same for a peer of the socket, which has no token.
[[nodiscard]] std::string lookup_data(const model::Caller& peer);

/// The member `auth` for a token that was made or renewed.
[[nodiscard]] model::Auth auth_of(const auth::Token& token, std::string_view id, WallTime now);

[[nodiscard]] std::string role_data(std::string_view name, const auth::TokenRole& role);
[[nodiscard]] std::string keys_data(const std::vector<std::string>& keys);

}  // namespace coffer::engines::token
