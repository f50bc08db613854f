// Where leases and their ends stand in the store, and how they are written there.
// docs/formats/leases.md. Private to the room.
#pragma once

#include "coffer/lifecycle/lease_ends.h"

namespace coffer::lifecycle {

[[nodiscard]] envelope::RowName lease_row(std::string_view prefix, std::string_view name);
[[nodiscard]] envelope::RowName prefix_row(std::string_view prefix);
[[nodiscard]] envelope::RowName owner_row(std::string_view owner, std::string_view id);
/// Of leases that count for another than their owner.
[[nodiscard]] envelope::RowName identity_row(std::string_view identity, std::string_view id);
[[nodiscard]] envelope::RowName pending_row(std::string_view target, std::string_view id);
/// Beside the pending end, so that they can be counted without being opened.
[[nodiscard]] envelope::RowName precaution_row(std::string_view target, std::string_view id);
[[nodiscard]] envelope::RowName target_row(std::string_view target);
[[nodiscard]] envelope::RowName issuing_row(std::string_view id);
[[nodiscard]] envelope::RowName prefix_end_row(std::string_view prefix);

/// "a/b/name" as its parts; without a slash, or with nothing behind the last: both empty.
struct LeasePlace {
  std::string_view prefix;
  std::string_view name;
};
[[nodiscard]] LeasePlace split_id(std::string_view id);

[[nodiscard]] std::string encode_lease(const Lease& lease);
[[nodiscard]] Result<Lease> decode_lease(std::string_view value, std::string_view prefix,
                                         std::string_view name);
/// As the row stands; nullopt: there is none.
[[nodiscard]] Result<std::optional<Lease>> read_lease(envelope::SealedTransaction& tx,
                                                      std::string_view id);

[[nodiscard]] std::string encode_pending(const PendingEnd& end);
[[nodiscard]] Result<PendingEnd> decode_pending(std::string_view value, std::string_view id);

/// What is remembered of a target.
struct TargetRow {
  WallTime failing_since{};
  std::uint32_t attempts = 0;
  std::string last_error{};
};
[[nodiscard]] std::string encode_target(const TargetRow& target);
[[nodiscard]] Result<TargetRow> decode_target(std::string_view value);

/// An end by prefix that goes on in steps.
struct PrefixEnd {
  WallTime until{};  ///< what was issued later isn't meant
  bool forced = false;
  std::string prefix{};  ///< the known prefix that it has come to
  std::string after{};   ///< the store's key there
};
[[nodiscard]] std::string encode_prefix_end(const PrefixEnd& end);
[[nodiscard]] Result<PrefixEnd> decode_prefix_end(std::string_view value);

}  // namespace coffer::lifecycle
