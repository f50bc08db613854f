// Who is calling, once made out; and what was decided about the call.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::model {

struct Caller {
  std::string accessor;
  std::string display_name;
  std::vector<std::string> policies;  ///< sorted, none twice
  std::string token_type;             ///< "service"; "unix": a peer of the socket, without a token
  std::string token_hash;  ///< keyed hash for the audit line, "hmac-sha256:…"; never the token
  /// Of a unix peer: "role", "uid" and, where it was made out, "unit". Of a token: its meta.
  std::vector<std::pair<std::string, std::string>> metadata{};
  /// What a login's tokens and all that they made have in common (docs/auth.md#identities). Empty:
  /// the accessor is.
  std::string identity{};
};

/// Made by `policy`, and by nothing else. Its texts are the Acl's that decided, which outlives it.
struct Decision {
  bool allowed = false;
  std::string_view rule{};    ///< the path of the rule that decided; empty: none matched
  std::string_view policy{};  ///< the policy that it stands in
  std::string_view why{};     ///< one sentence for operators
};

}  // namespace coffer::model
