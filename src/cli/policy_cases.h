// What `policy test` reads: cases of caller, operation, path and what is expected.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "coffer/base/result.h"
#include "coffer/model/json_tree.h"

namespace coffer::cli {

struct PolicyCase {
  std::string name;      ///< for people: the case's own, or "read secret/data/app"
  model::Json question;  ///< the body for sys/policies/explain
  bool expect_allowed = false;
};

/// A JSON array of cases, as coffer(1) describes them. A policy text "@FILE" is that file's
/// content, by `read_text`. invalid_argument: the text says which case and which member, never
/// more.
[[nodiscard]] Result<std::vector<PolicyCase>> read_policy_cases(
    const std::string& text,
    const std::function<Result<std::string>(const std::string&)>& read_text);

}  // namespace coffer::cli
