// How the audit log is cut into segments, and signed.
#pragma once

#include "coffer/audit/checkpointer.h"

namespace coffer::daemon {

/// What the keys `audit_…` of docs/coffer.toml say.
struct AuditRules {
  std::uint64_t segment_bytes = audit::LogConfig{}.segment_bytes;
  std::chrono::seconds segment_age = audit::LogConfig{}.segment_age;
  std::chrono::seconds heartbeat = audit::CheckpointConfig{}.heartbeat;
  std::chrono::seconds max_unsigned = audit::CheckpointConfig{}.max_unsigned;
  bool operator==(const AuditRules&) const = default;
};

}  // namespace coffer::daemon
