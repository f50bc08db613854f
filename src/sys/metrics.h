// Figures for sys/metrics. Private to the room.
#pragma once

#include <string>

#include "coffer/audit/checkpointer.h"
#include "coffer/core/key_inventory.h"
#include "coffer/core/state.h"
#include "coffer/core/unsealed.h"
#include "coffer/pkcs11/token_keeper.h"

namespace coffer::sys {

/// Prometheus' text format, version 0.0.4.
[[nodiscard]] std::string metrics_text(const core::State& state, const core::Unsealed& vault,
                                       std::size_t rotations_failing,
                                       const std::vector<core::InventoryKey>& keys,
                                       const audit::SigningStatus* signing = nullptr);

}  // namespace coffer::sys
