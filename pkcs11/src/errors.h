// From CK_RV to Error: the one place that knows what a return value means to our callers.
#pragma once

#include <string>
#include <string_view>

#include "coffer/base/result.h"
#include "p11.h"

namespace coffer::pkcs11 {

/// "CKR_DEVICE_ERROR", or "CK_RV 0x80000001" for what the standard doesn't name.
[[nodiscard]] std::string rv_name(CK_RV rv);
[[nodiscard]] ErrorCode code_of(CK_RV rv) noexcept;

/// The cause names the C_ function and the return value. Precondition: rv != CKR_OK.
[[nodiscard]] Error ck_error(std::string_view function, CK_RV rv,
                             SourceLocation where = SourceLocation::current());
[[nodiscard]] Result<void> ck_check(std::string_view function, CK_RV rv,
                                    SourceLocation where = SourceLocation::current());

/// The session is gone, the token may be well: a fresh session may do.
[[nodiscard]] bool is_dead_session(CK_RV rv) noexcept;
/// The handle is gone: look the key up again.
[[nodiscard]] bool is_stale_handle(CK_RV rv) noexcept;
/// What some tokens answer to a wrong tag and also when they fail; SoftHSM 2.6.1 says
/// CKR_GENERAL_ERROR to both, nShield CKR_FUNCTION_FAILED. Only a canary tells which it is.
[[nodiscard]] bool is_ambiguous_decrypt(CK_RV rv) noexcept;

}  // namespace coffer::pkcs11
