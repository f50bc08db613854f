// Whether what a ceremony left behind holds together; needs no token. Private to the room.
#pragma once

#include <string>
#include <vector>

#include "coffer/base/result.h"

namespace coffer::ceremony {

struct BundleCheck {
  std::vector<std::string> problems;    ///< each in a sentence; empty: all is well
  std::vector<std::string> exceptions;  ///< that were made, and why
  /// How it didn't go straight on: aborted, failed, refused, resumed, each with step and reason.
  std::vector<std::string> interruptions;
  std::string plan;  ///< its hash
  std::string mode;
  std::string head;  ///< of the transcript
};

struct Expected {
  std::string plan{};          ///< hash in hexadecimal; empty: whatever is there
  std::string mode = "live";   ///< or "rehearsal"
  std::string sign_key_pem{};  ///< of the token; empty: what the transcript says
};

/// What `run` wrote, as its directory or a tar file of it: plan, transcript, the rehearsal's
/// transcript, report, and all other files that are in it. An error only if the directory can't be
/// read.
[[nodiscard]] Result<BundleCheck> verify_bundle(const std::string& path, const Expected& expected);

}  // namespace coffer::ceremony
