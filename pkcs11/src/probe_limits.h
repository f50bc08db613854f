// What a token must refuse, on a key that is gone with its session.
#pragma once

#include <vector>

#include "coffer/pkcs11/probe.h"
#include "module.h"

namespace coffer::pkcs11 {

/// A finding for each thing that could be tried.
[[nodiscard]] Result<void> try_limits(const Module& module, CK_SLOT_ID slot,
                                      std::vector<Finding>& findings);

}  // namespace coffer::pkcs11
