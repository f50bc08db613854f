// The composition: which engine serves which type, what is mounted always, and how the parts of an
// open vault lean on each other. The daemon's, and the tests' and benchmarks' too.
#pragma once

#include <memory>

#include "coffer/core/state.h"
#include "coffer/core/unsealed.h"
#include "coffer/programs/programs.h"

namespace coffer::daemon {

/// What is there whether the vault is open or not; outlives what is composed on it.
struct Foundation {
  store::Store& store;
  audit::Log& log;
  core::State& state;
  core::Control& control;
  const Clock& clock;
  lifecycle::LeaseLimits lease_limits{};
  programs::Runner* programs = nullptr;  ///< null: the configuration has none
  std::string module{};                  ///< the token's
};

/// Reserves wraps, and takes up leases that were being issued when the last process died: both
/// commit beside the Door (docs/decisions/0004, 0023). Everything else is in memory. `sums` are
/// kept over the store already.
[[nodiscard]] Result<std::shared_ptr<core::Unsealed>> compose(
    const Foundation& foundation, const envelope::CacheConfig& cache,
    std::unique_ptr<pkcs11::Token> token, std::unique_ptr<envelope::Keyring> keyring,
    std::shared_ptr<envelope::RowSums> sums = nullptr);

}  // namespace coffer::daemon
