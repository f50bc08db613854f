// What a bundle of evidence may hold, for who writes it and for who reads it.
// docs/formats/evidence.md.
#pragma once

#include <cstddef>

namespace coffer::model {

/// Beside the manifest.
inline constexpr std::size_t kMaxEvidenceFiles = 700;
/// Of all contents together, the manifest's too: verifying has them in memory.
inline constexpr std::size_t kMaxEvidenceBytes = std::size_t{256} << 20U;

}  // namespace coffer::model
