#include "coffer/lifecycle/due.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "coffer/base/codec.h"

// Why nothing is ever lost. The mark M says: every minute up to M is empty and stays so. Whoever
// stages a row under a minute B > M demands that M is what it read, and writes B's counter row; the
// sweeper moves M past B only if B is over, empty, and its counter is what it was when it was seen
// to be empty. So of the two transactions the second loses and runs again.
namespace coffer::lifecycle {
namespace {

using envelope::Expect;

constexpr envelope::Space kDueSpace{.mount = {}, .table = 5};
constexpr envelope::Space kMarkSpace{.mount = {}, .table = 6};
constexpr std::uint8_t kFormat = 1;
/// Minutes that the mark passes in one transaction; after a year of downtime it takes fifty.
constexpr std::int64_t kMaxMinutes = 10'000;
/// The mark moves when that gains so many minutes: fewer commits when nothing happens.
constexpr std::int64_t kWorthMoving = 10;
/// Rows looked at in a minute that isn't over; what stands beyond them waits for its end.
constexpr std::size_t kMaxPeek = 1024;
constexpr std::size_t kDigits = 12;
/// What is due at once stands under a minute of its own, whatever the clock says: a request goes by
/// another one than the sweep while the clock is in doubt (EffectiveTime). No mark passes it.
constexpr std::int64_t kAtOnce = 0;

std::int64_t minute_of(WallTime time) {
  return std::chrono::floor<std::chrono::minutes>(time).time_since_epoch().count();
}

std::string text_of(std::int64_t minute) {
  std::string digits = std::to_string(std::max<std::int64_t>(minute, 0));
  return std::string(kDigits - std::min(kDigits, digits.size()), '0') + digits;
}

envelope::RowName mark_row() { return {kMarkSpace, {}, "mark"}; }
/// Its version counts the transactions that put a row under the minute.
envelope::RowName counter_row(std::int64_t minute) {
  return {kMarkSpace, "minute/", text_of(minute)};
}
std::string parent_of(std::int64_t minute) { return text_of(minute) + "/"; }

struct Mark {
  std::int64_t minute = 0;
  store::RowVersion version = 0;  ///< 0: there is none yet
};

std::string encode_mark(std::int64_t minute) {
  Writer row;
  row.u8(kFormat).u64(static_cast<std::uint64_t>(std::max<std::int64_t>(minute, 0)));
  return std::string(as_text(row.view()));
}

Result<Mark> read_mark(envelope::SealedTransaction& tx, WallTime now) {
  COFFER_TRY(const std::optional<envelope::OpenedRow> row, tx.read(mark_row()));
  if (!row) return Mark{minute_of(now) - 1, 0};
  Reader reader(as_bytes(row->value));
  COFFER_TRY(const std::uint8_t format, reader.u8());
  if (format != kFormat) return make_error(ErrorCode::corrupt, "unknown format of the mark");
  COFFER_TRY(const std::uint64_t minute, reader.u64());
  COFFER_CHECK(reader.finish());
  return Mark{static_cast<std::int64_t>(minute), row->version};
}

std::string encode(std::string_view kind, std::string_view id, WallTime when) {
  Writer row;
  row.u8(kFormat).u64(static_cast<std::uint64_t>(when.time_since_epoch().count()));
  row.text(kind).text(id);
  return std::string(as_text(row.view()));
}

Result<Due> decode(std::string_view value, std::int64_t bucket) {
  Reader row(as_bytes(value));
  COFFER_TRY(const std::uint8_t format, row.u8());
  if (format != kFormat) return make_error(ErrorCode::corrupt, "unknown format of a due row");
  Due due;
  COFFER_TRY(const std::uint64_t when, row.u64());
  COFFER_TRY(due.kind, row.text());
  COFFER_TRY(due.id, row.text());
  COFFER_CHECK(row.finish());
  due.when = WallTime(std::chrono::nanoseconds(static_cast<std::int64_t>(when)));
  due.bucket = bucket;
  return due;
}

envelope::RowName row_of(std::string_view kind, std::string_view id, std::int64_t bucket) {
  return {kDueSpace, parent_of(bucket), std::string(kind) + "/" + std::string(id)};
}

/// Stages the end of a row as it stands now; false: it is gone already.
Result<bool> take_out(envelope::SealedTransaction& tx, const Due& due) {
  const envelope::RowName row = row_of(due.kind, due.id, due.bucket);
  COFFER_TRY(const store::Key place, tx.place(row));
  COFFER_TRY(const store::RowVersion version, tx.version_at(place));
  if (version != 0) tx.erase(row, Expect::unchanged(version));
  return version != 0;
}

/// Adds what is due under one minute. What can't be read keeps neither other minutes nor, where it
/// is but a row's inside, other rows from being handled.
Result<void> look_at(envelope::SealedTransaction& tx, std::int64_t minute, WallTime now,
                     std::size_t limit, Sweep& sweep) {
  const bool over = minute < minute_of(now);  // all its rows are due
  // A minute to come is looked at only if the clock was set back: then all rows stand there.
  const std::size_t peek =
      minute > minute_of(now) ? std::numeric_limits<std::size_t>::max() : kMaxPeek;
  const std::size_t most = over ? limit - sweep.due.size() : peek;
  const auto rows = tx.list_some(kDueSpace, parent_of(minute), most);
  if (!rows.ok()) {
    if (rows.error().code != ErrorCode::corrupt) return rows.error();
    sweep.trouble = rows.error();
    return {};
  }
  for (const envelope::ListedRow& row : *rows) {
    auto found = decode(row.value, minute);
    if (!found.ok()) {
      sweep.trouble = found.error();
      continue;
    }
    if (found->when > now && minute != kAtOnce) {
      sweep.next = std::min(found->when, sweep.next.value_or(found->when));
      continue;
    }
    sweep.due.push_back(*std::move(found));
    sweep.more = sweep.due.size() >= limit;
    if (sweep.more) return {};
  }
  return {};
}

/// Those from `first` to `last` that have a counter, in order.
Result<std::vector<std::int64_t>> counted_minutes(envelope::SealedTransaction& tx,
                                                  std::int64_t first, std::int64_t last) {
  std::vector<std::int64_t> minutes;
  const envelope::RowName sample = counter_row(first);
  COFFER_TRY(const auto counters, tx.list(sample.space, sample.parent));
  for (const envelope::ListedRow& counter : counters) {
    std::int64_t minute = 0;
    const char* const end = counter.name.data() + counter.name.size();
    if (std::from_chars(counter.name.data(), end, minute).ptr != end) continue;
    if (minute >= first && minute <= last) minutes.push_back(minute);
  }
  std::sort(minutes.begin(), minutes.end());
  return minutes;
}

/// Of those from `first` to `last`, in order, all that can have any. Each that has rows has a
/// counter: so after a leap of years nobody looks at millions that never had one.
Result<std::vector<std::int64_t>> minutes_with_rows(envelope::SealedTransaction& tx,
                                                    std::int64_t first, std::int64_t last) {
  if (last - first >= kMaxMinutes) return counted_minutes(tx, first, last);
  std::vector<std::int64_t> minutes;
  for (std::int64_t minute = first; minute <= last; ++minute) minutes.push_back(minute);
  return minutes;
}

}  // namespace

Result<void> schedule(envelope::SealedTransaction& tx, std::string_view kind, std::string_view id,
                      WallTime when, WallTime now) {
  COFFER_TRY(const Mark mark, read_mark(tx, now));
  if (mark.version == 0) {
    COFFER_CHECK(tx.write(mark_row(), encode_mark(mark.minute), Expect::absent()));
  }
  if (when <= now) {
    return tx.write(row_of(kind, id, kAtOnce), encode(kind, id, when), Expect::anything());
  }
  const std::int64_t bucket = std::max(minute_of(when), mark.minute + 1);
  if (mark.version != 0) {
    COFFER_CHECK(tx.require(mark_row(), Expect::unchanged(mark.version)));
  }
  COFFER_CHECK(tx.write(counter_row(bucket), {}, Expect::anything()));
  return tx.write(row_of(kind, id, bucket), encode(kind, id, when), Expect::anything());
}

Result<Sweep> due(envelope::SealedTransaction& tx, WallTime now, std::size_t limit) {
  Sweep sweep;
  COFFER_TRY(const Mark mark, read_mark(tx, now));
  if (mark.version == 0) return sweep;
  // The minute after the mark is always looked at: rows of a time before it stand there, and after
  // the clock was set back those are all that become due.
  const std::int64_t last = std::max(minute_of(now), mark.minute + 1);
  COFFER_TRY(auto minutes, minutes_with_rows(tx, mark.minute + 1, last));
  // Behind what is older.
  minutes.insert(std::lower_bound(minutes.begin(), minutes.end(), minute_of(now)), kAtOnce);
  for (auto minute = minutes.begin(); minute != minutes.end() && !sweep.more; ++minute) {
    COFFER_CHECK(look_at(tx, *minute, now, limit, sweep));
  }
  return sweep;
}

Result<std::optional<WallTime>> done_until(envelope::SealedTransaction& tx) {
  COFFER_TRY(const Mark mark, read_mark(tx, WallTime{}));
  if (mark.version == 0) return std::optional<WallTime>();
  return std::optional<WallTime>(WallTime(std::chrono::minutes(mark.minute)));
}

Result<void> mend_mark(envelope::SealedTransaction& tx, WallTime now) {
  COFFER_TRY(const Mark mark, read_mark(tx, now));
  if (mark.version != 0) return {};
  COFFER_TRY(const auto minutes, counted_minutes(tx, 0, mark.minute));
  const std::int64_t before = minutes.empty() ? mark.minute : minutes.front() - 1;
  return tx.write(mark_row(), encode_mark(before), Expect::absent());
}

Result<void> advance(envelope::SealedTransaction& tx, WallTime now) {
  COFFER_TRY(const Mark mark, read_mark(tx, now));
  const std::int64_t end = std::min(minute_of(now), mark.minute + kMaxMinutes + 1);
  if (mark.version == 0 || end - 1 - mark.minute < kWorthMoving) return {};
  std::int64_t reached = mark.minute;
  for (std::int64_t minute = mark.minute + 1; minute < end; ++minute) {
    const auto rows = tx.list_some(kDueSpace, parent_of(minute), 1);
    if (!rows.ok() && rows.error().code != ErrorCode::corrupt) return rows.error();
    if (!rows.ok() || !rows->empty()) break;
    reached = minute;
  }
  if (reached - mark.minute < kWorthMoving) return {};
  for (std::int64_t minute = mark.minute + 1; minute <= reached; ++minute) {
    COFFER_TRY(const store::Key place, tx.place(counter_row(minute)));
    COFFER_TRY(const store::RowVersion version, tx.version_at(place));
    if (version == 0) {
      COFFER_CHECK(tx.require(counter_row(minute), Expect::absent()));
    } else {
      tx.erase(counter_row(minute), Expect::unchanged(version));
    }
  }
  return tx.write(mark_row(), encode_mark(reached), Expect::unchanged(mark.version));
}

Result<void> postpone(envelope::SealedTransaction& tx, const Due& due, WallTime until,
                      WallTime now) {
  COFFER_TRY(const bool there, take_out(tx, due));
  return there ? schedule(tx, due.kind, due.id, until, now) : Result<void>();
}

void Handlers::add(std::string kind, Handler handler, Effects effects) {
  handlers_.insert_or_assign(std::move(kind), Entry{std::move(handler), {}, effects, {}});
}

void Handlers::add_errand(std::string kind, Planner planner, Effects effects, WaitsFor waits_for) {
  handlers_.insert_or_assign(std::move(kind),
                             Entry{{}, std::move(planner), effects, std::move(waits_for)});
}

Result<std::string> Handlers::waits_for(envelope::SealedTransaction& tx, const Due& due) const {
  const auto found = handlers_.find(due.kind);
  if (found == handlers_.end()) return due.kind;
  const Entry& entry = found->second;
  if (!entry.waits_for) return entry.effects == Effects::outside ? due.kind : std::string();
  Result<std::string> name = entry.waits_for(tx, due);
  if (name.ok() || name.error().code == ErrorCode::conflict) return name;
  return due.kind;
}

bool Handlers::reaches_outside(std::string_view kind) const {
  const auto found = handlers_.find(kind);
  return found != handlers_.end() && found->second.effects == Effects::outside;
}

bool Handlers::is_errand(std::string_view kind) const {
  const auto found = handlers_.find(kind);
  return found != handlers_.end() && found->second.planner;
}

Result<bool> Handlers::stands(envelope::SealedTransaction& tx, const Due& due) {
  COFFER_TRY(const auto row, tx.read(row_of(due.kind, due.id, due.bucket)));
  if (!row) return false;
  COFFER_TRY(const Due now, decode(row->value, due.bucket));
  return now.when == due.when;
}

Result<std::optional<Errand>> Handlers::plan(envelope::SealedTransaction& tx, const Due& due,
                                             WallTime now) const {
  const auto found = handlers_.find(due.kind);
  if (found == handlers_.end() || !found->second.planner) {
    return make_error(ErrorCode::internal, "no planner for due rows of kind " + due.kind);
  }
  return found->second.planner(tx, due, now);
}

Result<void> Handlers::record(envelope::SealedTransaction& tx, const Due& due, const Errand& errand,
                              WallTime now) {
  COFFER_TRY(const bool there, take_out(tx, due));
  return there && errand.record ? errand.record(tx, now) : Result<void>();
}

Result<void> Handlers::run(envelope::SealedTransaction& tx, const Due& due, WallTime now) const {
  const auto found = handlers_.find(due.kind);
  if (found == handlers_.end()) {
    return make_error(ErrorCode::internal, "no handler for due rows of kind " + due.kind);
  }
  if (found->second.planner) {
    COFFER_TRY(const std::optional<Errand> errand, found->second.planner(tx, due, now));
    if (errand && errand->act) static_cast<void>(errand->act({}));
    return record(tx, due, errand.value_or(Errand()), now);
  }
  // Before the handler: it may schedule the same thing for the same minute.
  COFFER_TRY(const bool there, take_out(tx, due));
  if (!there) return {};  // someone else was faster
  return found->second.handler(tx, due, now);
}

}  // namespace coffer::lifecycle
