// Whether a key on the token is what its role demands, and whether it works.
#pragma once

#include <memory>

#include "coffer/pkcs11/profile.h"
#include "key_cache.h"
#include "session.h"

namespace coffer::pkcs11 {

/// Finds exactly one of a kind that the role allows, reads its attributes back, and has it do its
/// work: a kek wraps, unwraps and refuses what was tampered with; a sign key signs what its public
/// key verifies. Afterwards the session has failed a call, as a rule, and isn't fit for more. One
/// wrap of the kek is spent.
[[nodiscard]] Result<std::shared_ptr<const Key>> inspect(Session& session, KeyRole role,
                                                         const KeyRef& key, const Profile& profile);

/// What the rules of the one key of that id look at, as it is: nothing is judged.
[[nodiscard]] Result<std::vector<KeyAttribute>> read_attributes(Session& session, KeyRole role,
                                                                const KeyRef& key,
                                                                const Profile& profile);

/// Whether the canary of a kek still opens. unavailable if not.
[[nodiscard]] Result<void> check_canary(Session& session, const Key& kek);

}  // namespace coffer::pkcs11
