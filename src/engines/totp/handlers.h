// What totp/ is made of. Private to the room.
#pragma once

#include "coffer/engine/engine.h"
#include "coffer/model/request.h"
#include "key.h"

namespace coffer::engines::totp {

struct StoredKey {
  Key key;
  engine::RowVersion version = 0;
};

/// nullopt: there is none.
[[nodiscard]] Result<std::optional<StoredKey>> load(engine::Context& context,
                                                    std::string_view name);

// At keys/.
[[nodiscard]] Result<model::Response> list_keys(engine::Context& context);
[[nodiscard]] Result<model::Response> read_key(engine::Context& context, std::string_view name);
[[nodiscard]] Result<model::Response> write_key(engine::Context& context, std::string_view name,
                                                const model::Request& request);
[[nodiscard]] Result<model::Response> remove_key(engine::Context& context, std::string_view name);
[[nodiscard]] Result<bool> clear_keys(engine::SealedTransaction& tx, const Uuid& mount);

// At code/.
[[nodiscard]] Result<model::Response> make_code(engine::Context& context, std::string_view name);
[[nodiscard]] Result<model::Response> check_code(engine::Context& context, std::string_view name,
                                                 const model::Request& request);

}  // namespace coffer::engines::totp
