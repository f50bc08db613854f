// How a key is rotated, and how far that has come: the row of table kRotationTable
// (docs/formats/rotation.md).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rotation_merge.h"
#include "tables.h"
#include "view.h"

namespace coffer::engines::kv {

/// What operators say.
struct RotationPlan {
  std::string rotator;
  std::chrono::seconds period{0};  ///< 0: by the schedule
  std::string schedule;            ///< as lifecycle::Schedule takes it
  std::string time_zone;
  std::chrono::seconds window{0};            ///< after a time of the schedule; 0: no end
  std::chrono::seconds jitter{0};            ///< at most so much later, by chance
  std::string password_policy;               ///< empty: the built-in one
  std::vector<std::string> fields;           ///< that get a new password
  std::string settings = "{}";               ///< the rotator's own
  std::chrono::seconds readers_window{0};    ///< who read within it is waited for; 0: nobody
  std::chrono::seconds readers_deadline{0};  ///< for so long at most
  bool paused = false;
};

/// Numbers are part of the format.
enum class Phase : std::uint8_t { idle = 0, create = 1, set = 2, test = 3, wait = 4, finish = 5 };
[[nodiscard]] std::string_view to_string(Phase phase) noexcept;

struct Awaited {
  std::string accessor;
  std::string name;  ///< for people
};

struct RotationState {
  Phase phase = Phase::idle;
  Uuid run{};                  ///< of one value; nil when idle
  WallTime started{};          ///< when the run began
  WallTime next{};             ///< when something is to be done
  WallTime last{};             ///< when the present value became current by a rotation
  WallTime give_up{};          ///< no later than this does a value get made; epoch: whenever
  std::uint32_t failures = 0;  ///< in a row
  std::uint32_t earlier = 0;   ///< of these, the ones of windows that are over: no wait counts them
  std::string trouble;
  std::uint64_t promoted = 0;  ///< the version that the last rotation made
  std::uint64_t previous = 0;  ///< what was current before that; 0: nothing
  std::uint64_t base = 0;      ///< the version that the new value was made from; 0: none
  /// What the pending value has otherwise than that; nullopt: not known, or too much to keep here.
  std::optional<MemberChanges> changes;
  bool forced = false;           ///< asked for by hand: `paused` doesn't count
  bool pending = false;          ///< there is a new value
  bool is_set = false;           ///< the new value was set, as its rotator said
  bool uncertain = false;        ///< it may have been set
  Uuid entered_by{};             ///< who came to phase `set`: an open vault, until it is sealed
  WallTime deadline{};           ///< readers are waited for until then
  bool unknown_readers = false;  ///< there may be others: wait it out
  std::vector<Awaited> awaited;
};

struct Rotation {
  RotationPlan plan;
  RotationState state;
};

/// Whether there is a new value that may be in force already: it must not be lost.
[[nodiscard]] bool holds_a_value(const RotationState& state) noexcept;

[[nodiscard]] std::string encode(const Rotation& rotation);
/// `corrupt` for anything but what encode() gives.
[[nodiscard]] Result<Rotation> decode_rotation(std::string_view row);

struct StoredRotation {
  Rotation rotation;
  engine::RowVersion row_version = 0;  ///< 0: there is none
};
[[nodiscard]] Result<StoredRotation> load_rotation(const View& view, std::string_view path);
/// Its entry in the index too.
[[nodiscard]] Result<void> save_rotation(const View& view, std::string_view path,
                                         const StoredRotation& stored);
/// With its pending value. No harm if there is none.
[[nodiscard]] Result<void> remove_rotation(const View& view, std::string_view path);

}  // namespace coffer::engines::kv
