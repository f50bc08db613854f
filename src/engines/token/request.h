// What a client asks of a new token, read from its fields.
#pragma once

#include <chrono>

#include "coffer/auth/token.h"
#include "coffer/model/request.h"

namespace coffer::engines::token {

struct Asked {
  std::vector<std::string> policies;  ///< normalised; empty: none were given
  auth::Meta meta;
  std::string display_name;
  std::chrono::seconds ttl{0};
  std::chrono::seconds explicit_max_ttl{0};
  std::chrono::seconds period{0};
  std::int64_t num_uses = 0;
  bool renewable = true;
  bool no_parent = false;
  bool no_default_policy = false;
};

/// invalid_argument names the field: a wrong type, a negative number, or something that isn't done
/// here (an id of one's own, batch tokens, entity aliases).
[[nodiscard]] Result<Asked> read_request(const model::Fields& fields);

/// 0 when absent; never negative.
[[nodiscard]] Result<std::chrono::seconds> duration_of(const model::Fields& fields,
                                                       std::string_view name);
[[nodiscard]] Result<std::int64_t> count_of(const model::Fields& fields, std::string_view name);

[[nodiscard]] Error bad_field(std::string_view name, std::string_view why);

}  // namespace coffer::engines::token
