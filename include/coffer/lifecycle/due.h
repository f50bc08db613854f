// What time makes happen: durable rows with a due time, and who handles them. No thread and no
// timer here: `core` sweeps. docs/formats/auth.md.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/base/clock.h"
#include "coffer/envelope/sealed_store.h"

namespace coffer::lifecycle {

/// One row. It is a call to look, not a command: its handler decides by the state of the thing, so
/// one that comes too early, too late, twice or for what is gone does no harm.
struct Due {
  std::string kind;         ///< names the handler: lower-case letters and '_'
  std::string id;           ///< the handler's own name of the thing
  WallTime when;            ///< not before this
  std::int64_t bucket = 0;  ///< the Unix minute under which the row stands
};

/// Stages a row. A `when` that is past goes where the next sweep finds it. Any number may stand for
/// one thing; one of the same minute replaces the other.
[[nodiscard]] Result<void> schedule(envelope::SealedTransaction& tx, std::string_view kind,
                                    std::string_view id, WallTime when, WallTime now);
/// Puts a row off: for one whose handler failed, so that it neither stands in the way of others nor
/// is given up. In a transaction of its own.
[[nodiscard]] Result<void> postpone(envelope::SealedTransaction& tx, const Due& due, WallTime until,
                                    WallTime now);

struct Sweep {
  std::vector<Due> due;  ///< their time has come; earliest minutes first
  bool more = false;     ///< the limit was met: ask again at once
  /// When the next row of this minute comes, if one is known that isn't due yet.
  std::optional<WallTime> next{};
  /// Some rows can't be read. The others of their minute may wait for that; no other minute does.
  std::optional<Error> trouble{};
};
/// Reads only. At most `limit` rows. A row comes at its time, or, in a minute with more than a
/// thousand, by the minute's end. Works with a clock that was set back or forward.
[[nodiscard]] Result<Sweep> due(envelope::SealedTransaction& tx, WallTime now, std::size_t limit);

/// Stages the move of the mark (all minutes up to it are over and empty), if that gains a few
/// minutes; else stages nothing. Run it now and then in a transaction of its own, when due() gave
/// no rows: it saves later sweeps from looking at old minutes. Losing the race is no harm.
[[nodiscard]] Result<void> advance(envelope::SealedTransaction& tx, WallTime now);

/// Whether handling a kind changes anything beside this vault's own store: a user of a database, a
/// certificate of a CA. After a restore those wait (core/restored.h), for what the backup says of
/// the world outside may long be over.
enum class Effects : std::uint8_t { inside, outside };

/// Who handles which kind. Fill it before the sweeper starts; then it is immutable and thread-safe.
class Handlers final {
 public:
  /// No effect but in the transaction; it runs again after a lost race. It may schedule() anew.
  using Handler =
      std::function<Result<void>(envelope::SealedTransaction&, const Due&, WallTime now)>;
  void add(std::string kind, Handler handler, Effects effects = Effects::inside);
  [[nodiscard]] bool reaches_outside(std::string_view kind) const;

  /// For the sweeper: stages the row's end, then what its handler wants. A kind without a handler
  /// keeps its row and is `internal`. `conflict`: run again.
  [[nodiscard]] Result<void> run(envelope::SealedTransaction& tx, const Due& due,
                                 WallTime now) const;

 private:
  struct Entry {
    Handler handler;
    Effects effects = Effects::inside;
  };
  std::map<std::string, Entry, std::less<>> handlers_;
};

}  // namespace coffer::lifecycle
