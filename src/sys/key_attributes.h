// A key on the token, as the token has it now; never what was read before.
#pragma once

#include "coffer/core/key_inventory.h"
#include "coffer/model/json_writer.h"

namespace coffer::sys {

using Attributes = std::vector<pkcs11::KeyAttribute>;

/// `mount`: of an engine's key, else zero. Of a kind that is on the token.
[[nodiscard]] Result<Attributes> read_attributes(core::Unsealed& vault, core::KeyKind kind,
                                                 const Uuid& mount, std::uint32_t version);

/// As "attributes"; what can't be read is null, with "attributes_error".
void append_attributes(model::JsonWriter& json, const Result<Attributes>& read);

/// "unclaimed": the keys on the token that none of `keys` is, nor the next version of the vault's
/// own; what the token doesn't tell is null, with "unclaimed_error".
void append_unclaimed(model::JsonWriter& json, core::Unsealed& vault,
                      const std::vector<core::InventoryKey>& keys);

}  // namespace coffer::sys
