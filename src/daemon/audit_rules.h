// How the audit log is cut into segments, and signed.
#pragma once

#include "coffer/audit/checkpointer.h"

namespace coffer::daemon {

/// What the keys `audit_…` of docs/coffer.toml say.
struct AuditRules {
  bool sign = true;  ///< not a key: only `cofferd dev` can leave it
  std::uint64_t segment_bytes = audit::LogConfig{}.segment_bytes;
  std::chrono::seconds segment_age = audit::LogConfig{}.segment_age;
  std::chrono::seconds heartbeat = audit::CheckpointConfig{}.heartbeat;
  std::chrono::seconds max_unsigned = audit::CheckpointConfig{}.max_unsigned;
  std::string witness_file{};
  bool witness_syslog = false;
  std::string witness_url{};
  std::string witness_ca{};   ///< empty: the system's authorities
  std::string witness_key{};  ///< as audit::parse_cosigner() takes it; empty: it isn't known
  std::chrono::seconds witness_interval{60};
  bool operator==(const AuditRules&) const = default;
};

}  // namespace coffer::daemon
