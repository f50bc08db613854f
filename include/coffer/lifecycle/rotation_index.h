// All rotations of a vault, whoever runs them: what the list shows, and how many of them fail.
// Tables 30 and 31 of the zero mount; docs/formats/rotation.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/base/clock.h"
#include "coffer/envelope/sealed_store.h"

namespace coffer::lifecycle {

/// As its own row says. Write it in the same transaction.
struct RotationEntry {
  Uuid mount;
  std::string path;     ///< below the mount
  std::string rotator;  ///< "generate"
  std::string phase;    ///< "idle", or the step that comes next
  bool paused = false;
  bool counts_readers = false;
  WallTime next{};             ///< epoch: nothing is to come
  WallTime last{};             ///< when readers got the present value by it; epoch: never
  std::uint32_t failures = 0;  ///< in a row
  std::string trouble{};       ///< what the last said; never a value
};

[[nodiscard]] Result<void> put_rotation(envelope::SealedTransaction& tx,
                                        const RotationEntry& entry);
/// No harm if there is none.
void drop_rotation(envelope::SealedTransaction& tx, const Uuid& mount, std::string_view path);
[[nodiscard]] Result<std::optional<RotationEntry>> find_rotation(envelope::SealedTransaction& tx,
                                                                 const Uuid& mount,
                                                                 std::string_view path);
/// In no order; at most so many.
[[nodiscard]] Result<std::vector<RotationEntry>> list_rotations(envelope::SealedTransaction& tx,
                                                                std::size_t at_most);
inline constexpr std::size_t kMaxCounted = 100;
/// How many of them fail; kMaxCounted stands for more, too.
[[nodiscard]] Result<std::size_t> failing_rotations(envelope::SealedTransaction& tx);

}  // namespace coffer::lifecycle
