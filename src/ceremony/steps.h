// The steps of a plan, in order: what the script that is printed shows, what `run` does, and what
// verify-bundle wants to see. Private to the room.
#pragma once

#include "plan.h"

namespace coffer::ceremony {

struct Step {
  std::string id;
  std::string title;
  std::string instruction;           ///< what people do
  std::string expected;              ///< what they see
  std::vector<Role> confirmed_by{};  ///< roles that must be among the two who confirm
};

[[nodiscard]] std::vector<Step> steps_of(const Plan& plan);

/// Whether the token has a key that signs the report when all is done.
[[nodiscard]] bool signed_by_token(const Plan& plan) noexcept;

}  // namespace coffer::ceremony
