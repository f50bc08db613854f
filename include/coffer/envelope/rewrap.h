// Rewrapping, in steps: records whose data keys aren't wrapped as the keyring has it now get other
// recipients. Their content is never touched.
#pragma once

#include <cstdint>
#include <vector>

#include "coffer/base/uuid.h"
#include "coffer/store/store.h"

namespace coffer::envelope {

/// How many records are wrapped to a version of a token's kek.
struct References {
  Uuid token;
  std::uint32_t version = 0;
  std::uint64_t records = 0;
  std::uint64_t alone = 0;  ///< of these, those that nothing else opens
};
void add(std::vector<References>& all, const References& more);

struct RewrapLimits {
  std::size_t rows = 1024;   ///< looked at in one step, at most
  std::size_t rewraps = 64;  ///< of them rewrapped; 0: count only
};

struct RewrapStep {
  store::Key next;  ///< go on after this one
  bool done = false;
  std::uint64_t records = 0;             ///< seen
  std::uint64_t stale = 0;               ///< of these, not wrapped as they should be
  std::uint64_t rewrapped = 0;           ///< of these, staged with other recipients
  std::uint64_t unreadable = 0;          ///< damaged: left as they are
  std::uint64_t elsewhere = 0;           ///< stale, but not wrapped to the token at hand
  std::vector<References> references{};  ///< of what was seen, as it stands after the step
  std::vector<References> left{};        ///< what the step took away from where it was
};

}  // namespace coffer::envelope
