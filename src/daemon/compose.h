// The composition: which engine serves which type, what is mounted always, and how the parts of an
// open vault lean on each other. The daemon's, and the tests' and benchmarks' too.
#pragma once

#include <memory>

#include "coffer/core/state.h"
#include "coffer/core/unsealed.h"

namespace coffer::daemon {

/// What is there whether the vault is open or not; outlives what is composed on it.
struct Foundation {
  store::Store& store;
  audit::Log& log;
  core::State& state;
  core::Control& control;
  const Clock& clock;
};

/// Reserves wraps, and so commits once (docs/decisions/0004); everything else is in memory.
[[nodiscard]] Result<std::shared_ptr<core::Unsealed>> compose(
    const Foundation& foundation, const envelope::CacheConfig& cache,
    std::unique_ptr<pkcs11::Token> token, std::unique_ptr<envelope::Keyring> keyring);

}  // namespace coffer::daemon
