// Finding the slot of a token, whose number means nothing: SoftHSM and USB give new ones each time.
#pragma once

#include <string>
#include <string_view>
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

struct BlankToken {
  CK_SLOT_ID slot = 0;
  std::string serial;  ///< empty where a token gets one when it is initialised (SoftHSM)
};
/// The one with that serial; with an empty one the only one that there is. not_found; precondition
/// if there are several and no serial tells which is meant.
[[nodiscard]] Result<CK_SLOT_ID> choose_blank(const std::vector<BlankToken>& blank,
                                              std::string_view serial);
/// Of the slots with a token that isn't initialised.
[[nodiscard]] Result<CK_SLOT_ID> find_blank_token(const Module& module, std::string_view serial);

}  // namespace coffer::pkcs11
