// A store filled from elsewhere, put in the place of the one that is there: whole, or not at all.
#pragma once

#include "coffer/store/store.h"

namespace coffer::store {

/// Gives the next row, in the order of the keys; false: that was all. An error ends the filling,
/// and nothing is replaced. Its last call is the last moment to say no.
using RowFeed = std::function<Result<bool>(Key& key, Row& row)>;

struct Filling {
  Uuid node;
  std::uint64_t sequence = 0;  ///< the store's; no row's version may be beyond it
  RowFeed feed;
  /// The name that the store which is there gets; in the same directory. Nothing may have it.
  std::string aside{};
};

/// Fills `<path>.restore`, syncs it, and exchanges it with the store that is there in one step of
/// the file system, so that at any moment there is one of the two and never neither; with an empty
/// `aside` only if there is none. The store's write-ahead log is folded in before, and never stands
/// beside a database that it isn't of. A store so damaged that this can't be done is set aside as
/// it is, its log with it.
///
/// `conflict`: a daemon has the store open, or `aside` is taken. True: there was one, and it is
/// aside.
[[nodiscard]] Result<bool> replace_sqlite_store(const std::string& path, const Filling& filling);

}  // namespace coffer::store
