// Finding the slot of a token, whose number means nothing: SoftHSM and USB give new ones each time.
#pragma once

#include <vector>

#include "coffer/pkcs11/profile.h"
#include "coffer/pkcs11/token.h"
#include "module.h"
#include "uri.h"

namespace coffer::pkcs11 {

[[nodiscard]] Result<CK_TOKEN_INFO> read_token_info(const Module& module, CK_SLOT_ID slot);
/// To choose a profile by.
[[nodiscard]] Result<Make> read_make(const Module& module, const CK_TOKEN_INFO& info);
/// Blanks trimmed.
[[nodiscard]] TokenInfo describe_token(const CK_TOKEN_INFO& info);

/// Those with a token in them.
[[nodiscard]] Result<std::vector<CK_SLOT_ID>> all_slots(const Module& module);
/// The one slot whose initialised token matches. not_found; precondition if there are several.
[[nodiscard]] Result<CK_SLOT_ID> find_token(const Module& module, const TokenUri& uri);
/// The first slot with a token that isn't initialised. not_found.
[[nodiscard]] Result<CK_SLOT_ID> find_blank_token(const Module& module);

}  // namespace coffer::pkcs11
