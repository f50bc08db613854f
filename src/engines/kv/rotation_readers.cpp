#include "rotation_readers.h"

#include <algorithm>

namespace coffer::engines::kv {
namespace {

/// The time of a read that was under way when another version became current is no later than so
/// long after that.
constexpr std::chrono::seconds kUnderWay{10};

}  // namespace

std::vector<Awaited> readers_of_old(const Readers::Known& known, const RotationPlan& plan,
                                    std::uint64_t promoted, WallTime now) {
  std::vector<Awaited> awaited;
  for (const KnownReader& reader : known.readers) {
    if (reader.version < promoted && reader.when >= now - plan.readers_window) {
      awaited.push_back({reader.accessor, reader.name});
    }
  }
  return awaited;
}

void add_late(RotationState& state, const Readers::Known& known, const RotationPlan& plan) {
  for (const KnownReader& reader : known.readers) {
    const bool late = reader.version < state.promoted &&
                      reader.when >= state.last - plan.readers_window &&
                      reader.when <= state.last + kUnderWay;
    const bool there =
        std::any_of(state.awaited.begin(), state.awaited.end(),
                    [&](const Awaited& awaited) { return awaited.accessor == reader.accessor; });
    if (late && !there) state.awaited.push_back({reader.accessor, reader.name});
  }
}

void still_awaited(RotationState& state, const Readers::Known& known) {
  std::erase_if(state.awaited, [&](const Awaited& awaited) {
    return std::any_of(known.readers.begin(), known.readers.end(), [&](const KnownReader& reader) {
      return reader.accessor == awaited.accessor && reader.version >= state.promoted;
    });
  });
}

}  // namespace coffer::engines::kv
