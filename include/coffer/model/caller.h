// Who is calling, once made out; and what was decided about the call.
#pragma once

#include <string>
#include <vector>

namespace coffer::model {

struct Caller {
  std::string accessor;
  std::string display_name;
  std::vector<std::string> policies;
  std::string token_type;  ///< "service"
  std::string token_hash;  ///< keyed hash for the audit line, "hmac-sha256:…"; never the token
};

/// Made by `policy`, and by nothing else.
struct Decision {
  bool allowed = false;
  std::string rule;    ///< the path of the rule that decided; empty: none matched
  std::string policy;  ///< the policy that it stands in
  std::string why;     ///< one sentence for operators
};

}  // namespace coffer::model
