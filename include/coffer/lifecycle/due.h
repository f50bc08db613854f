// What time makes happen: durable rows with a due time, and who handles them. No thread and no
// timer here: `core` sweeps. docs/formats/auth.md.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
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

/// Up to then everything that was due is done with: it was so late once. nullopt: nothing ever was.
[[nodiscard]] Result<std::optional<WallTime>> done_until(envelope::SealedTransaction& tx);

/// For a store that lost the mark: stages another one, before all minutes that have rows. Else what
/// was due before the next row that is scheduled would never be looked at.
[[nodiscard]] Result<void> mend_mark(envelope::SealedTransaction& tx, WallTime now);

/// Whether handling a kind changes anything beside this vault's own store: a user of a database, a
/// certificate of a CA. After a restore those wait (core/restored.h), for what the backup says of
/// the world outside may long be over.
enum class Effects : std::uint8_t { inside, outside };

/// What takes long, or reaches outside: done between two transactions, on a thread that may block.
struct Errand {
  /// The path of its two lines in the log: "sys/rotation/set/secret/app".
  std::string path;
  /// Without a transaction. Runs once, whatever races are lost afterwards; an error is what the log
  /// says, and what came of it is kept for `record`. Ends soon once it is told to stop.
  std::function<Result<void>(const std::stop_token&)> act{};
  /// Stages what came of it, the next due row among it. Runs again after a lost race.
  std::function<Result<void>(envelope::SealedTransaction&, WallTime now)> record{};
};

/// Who handles which kind. Fill it before the sweeper starts; then it is immutable and thread-safe.
class Handlers final {
 public:
  /// No effect but in the transaction; it runs again after a lost race. It may schedule() anew.
  using Handler =
      std::function<Result<void>(envelope::SealedTransaction&, const Due&, WallTime now)>;
  void add(std::string kind, Handler handler, Effects effects = Effects::inside);
  /// Says what is to be done for a row; stages nothing. nullopt: nothing, and the row goes.
  using Planner = std::function<Result<std::optional<Errand>>(envelope::SealedTransaction&,
                                                              const Due&, WallTime now)>;
  /// Names what an errand of a row waits for: a program, a database. One that doesn't answer holds
  /// up no errands but those of its own name. Empty: it waits for nothing outside. Cheap, for it
  /// runs on the sweeper's thread.
  using WaitsFor = std::function<Result<std::string>(envelope::SealedTransaction&, const Due&)>;
  /// The row stays where it is until `record` is committed: after a crash it is due again at once.
  /// Without `waits_for` those of the kind wait for one thing if they reach outside, else for none.
  void add_errand(std::string kind, Planner planner, Effects effects, WaitsFor waits_for = {});
  /// Precondition: the row is an errand's. Where its handler can't say, it is the kind.
  [[nodiscard]] Result<std::string> waits_for(envelope::SealedTransaction& tx,
                                              const Due& due) const;
  [[nodiscard]] bool reaches_outside(std::string_view kind) const;
  [[nodiscard]] bool is_errand(std::string_view kind) const;

  /// Whether the row stands as it was found: what was found by a look of before may be done by now.
  [[nodiscard]] static Result<bool> stands(envelope::SealedTransaction& tx, const Due& due);
  [[nodiscard]] Result<std::optional<Errand>> plan(envelope::SealedTransaction& tx, const Due& due,
                                                   WallTime now) const;
  /// Stages the row's end and what `errand` has to say; nothing if the row is gone.
  [[nodiscard]] static Result<void> record(envelope::SealedTransaction& tx, const Due& due,
                                           const Errand& errand, WallTime now);

  /// For the sweeper: stages the row's end, then what its handler wants. A kind without a handler
  /// keeps its row and is `internal`. `conflict`: run again. An errand is done here and now: for
  /// tests.
  [[nodiscard]] Result<void> run(envelope::SealedTransaction& tx, const Due& due,
                                 WallTime now) const;

 private:
  struct Entry {
    Handler handler;
    Planner planner;
    Effects effects = Effects::inside;
    WaitsFor waits_for{};
  };
  std::map<std::string, Entry, std::less<>> handlers_;
};

}  // namespace coffer::lifecycle
