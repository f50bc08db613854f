// Logging in without ever wearing a PIN counter down.
#pragma once

#include "coffer/pkcs11/token.h"
#include "session.h"

namespace coffer::pkcs11 {

enum class FewTries { refuse, accept };

/// At most one C_Login, and none if the token says that a wrong PIN could lock it (`accept` lets a
/// low count pass, never the last try) or if this PIN failed on this token in this process before.
/// permission_denied; unavailable if the token couldn't judge the PIN.
[[nodiscard]] Result<void> log_in(Session& session, const CK_TOKEN_INFO& info,
                                  const SecureBytes& pin, FewTries few);

/// What an error of log_in() says of the PIN.
[[nodiscard]] LoginOutcome outcome_of(const Error& error);

}  // namespace coffer::pkcs11
