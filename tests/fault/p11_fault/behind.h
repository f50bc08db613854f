// The module behind this one.
#pragma once

#include "pkcs11/src/p11.h"

namespace coffer::p11_fault {

/// Loaded at the first use, never unloaded; nullptr if it can't be.
[[nodiscard]] CK_FUNCTION_LIST* behind();

}  // namespace coffer::p11_fault
