// What a bundle of evidence says of log and ceremonies, as it was found when the bundle was made.
#pragma once

#include <string>
#include <vector>

#include "coffer/audit/evidence.h"
#include "coffer/audit/known.h"

namespace coffer::auditor {

struct Content {
  std::string name;
  bool good = true;
  std::string what{};                 ///< the first thing that is wrong
  std::vector<std::string> doubts{};  ///< of what is good
};

/// The audit log, each ceremony and rehearsal, and what is missing that there should be; and a note
/// that a retired key signed. The newest checkpoint in the bundle is held against the keys.
[[nodiscard]] std::vector<Content> contents_of(const audit::Bundle& bundle,
                                               const audit::EvidenceReport& report,
                                               const audit::TrustedKeys& keys);

/// "a key that was retired at line N", for a doubt.
[[nodiscard]] std::string retired_text(std::uint64_t line);

}  // namespace coffer::auditor
