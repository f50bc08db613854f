// auth/token/roles.
#pragma once

#include "coffer/engine/engine.h"

namespace coffer::engines::token {

[[nodiscard]] Result<model::Response> list_roles(engine::Context& context);
[[nodiscard]] Result<model::Response> read_role(engine::Context& context, std::string_view name);
/// Fields that are left out keep their value.
[[nodiscard]] Result<model::Response> write_role(engine::Context& context,
                                                 const model::Request& request,
                                                 std::string_view name);
[[nodiscard]] Result<model::Response> remove_role(engine::Context& context, std::string_view name);
[[nodiscard]] Result<bool> role_exists(engine::Context& context, std::string_view name);

}  // namespace coffer::engines::token
