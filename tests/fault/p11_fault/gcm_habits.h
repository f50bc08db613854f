// Tokens that make the IV of AES-GCM themselves: behind the tag (Luna), or written over a zero IV
// of the caller's (AWS CloudHSM). Over a module that takes the caller's. To decrypt, both take the
// IV as everyone else does.
#pragma once

#include "changes.h"

namespace coffer::p11_fault {

[[nodiscard]] CK_RV encrypt_init(const Plan& plan, CK_SESSION_HANDLE session,
                                 CK_MECHANISM* mechanism, CK_OBJECT_HANDLE key);
[[nodiscard]] CK_RV encrypt(CK_SESSION_HANDLE session, CK_BYTE* data, CK_ULONG size, CK_BYTE* out,
                            CK_ULONG* length);

}  // namespace coffer::p11_fault
