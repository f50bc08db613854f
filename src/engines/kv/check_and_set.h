// The `options` of a write.
#pragma once

#include "stored_key.h"

namespace coffer::engines::kv {

/// vault-api 3.2: `options.cas` absent is unconditional unless the key or the mount demands it; 0
/// demands that there is no version; N that N is the latest, deleted or not. A patch has something
/// to merge into, so there 0 can't hold.
[[nodiscard]] Result<void> check_cas(const model::Request& request, const KeyMetadata& metadata,
                                     const KvConfig& config);

/// Fields and options that mean nothing: they are ignored as Vault does, but a check that was
/// misspelt is one that isn't made, so the answer says so. At most one warning.
[[nodiscard]] std::vector<std::string> ignored_fields(const model::Request& request);

}  // namespace coffer::engines::kv
