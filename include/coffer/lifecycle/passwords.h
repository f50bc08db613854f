// How engines and rotations get passwords: from a function that they are given at composition, for
// the policies are in a room above theirs (core/passwords.h).
#pragma once

#include <functional>
#include <string_view>

#include "coffer/base/secure_bytes.h"
#include "coffer/envelope/sealed_store.h"

namespace coffer::lifecycle {

/// A new password by the password policy of that name, as `tx` sees it; an empty name: by the
/// built-in one. invalid_argument if there is no such policy. Thread-safe.
using MakePassword =
    std::function<Result<SecureBytes>(envelope::SealedTransaction& tx, std::string_view policy)>;

}  // namespace coffer::lifecycle
