#include "coffer/core/restored.h"

#include <algorithm>

#include "coffer/base/codec.h"
#include "coffer/core/epoch.h"
#include "coffer/lifecycle/unsearched.h"

namespace coffer::core {
namespace {

constexpr std::uint8_t kFormat = 1;

envelope::RowName released_row() { return {kSettingsSpace, {}, "releases"}; }
envelope::RowName restored_row() { return {kSettingsSpace, {}, "restored"}; }

std::uint64_t to_number(WallTime time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

Result<WallTime> read_time(Reader& row) {
  COFFER_TRY(const std::uint64_t nanoseconds, row.u64());
  return WallTime(std::chrono::nanoseconds(static_cast<std::int64_t>(nanoseconds)));
}

void write_mark(Writer& row, const RestoreMark& mark) {
  row.u8(kFormat).u64(to_number(mark.created)).u64(to_number(mark.restored));
  row.u64(mark.sequence).raw(mark.digest);
}

Result<RestoreMark> read_mark(Reader& row) {
  COFFER_TRY(const std::uint8_t format, row.u8());
  if (format != kFormat)
    return make_error(ErrorCode::corrupt, "unknown format of a restore's mark");
  RestoreMark mark;
  COFFER_TRY(mark.created, read_time(row));
  COFFER_TRY(mark.restored, read_time(row));
  COFFER_TRY(mark.sequence, row.u64());
  COFFER_TRY(const ByteView digest, row.raw(mark.digest.size()));
  std::copy(digest.begin(), digest.end(), mark.digest.begin());
  return mark;
}

std::string encode(const Restored& restored) {
  Writer row;
  write_mark(row, restored.mark);
  row.u8(restored.paused ? 1 : 0);
  return std::string(as_text(row.view()));
}

Result<Restored> decode(std::string_view text) {
  Reader row(as_bytes(text));
  Restored restored;
  COFFER_TRY(restored.mark, read_mark(row));
  COFFER_TRY(const std::uint8_t paused, row.u8());
  restored.paused = paused != 0;
  COFFER_CHECK(row.finish());
  return restored;
}

Result<void> write_releases(envelope::SealedTransaction& tx, std::uint64_t count) {
  Writer row;
  row.u8(kFormat).u64(count);
  return tx.write(released_row(), as_text(row.view()), envelope::Expect::anything());
}

}  // namespace

store::Key restore_mark_key() { return "coffer/restored"; }

std::string encode_restore_mark(const RestoreMark& mark) {
  Writer row;
  write_mark(row, mark);
  return std::string(as_text(row.view()));
}

Result<std::optional<Restored>> read_restored(envelope::SealedTransaction& tx) {
  COFFER_TRY(const auto row, tx.read(restored_row()));
  if (!row) return std::optional<Restored>();
  COFFER_TRY(const Restored restored, decode(row->value));
  return std::optional(restored);
}

/// Whoever can write the store could write such a mark: all that it does is to void and to pause.
/// So it is the store that tells how much is void, and not the mark.
Result<store::Transaction> adopt_restore_mark(store::Store& store,
                                              envelope::SealedTransaction& tx) {
  COFFER_TRY(const auto snapshot, store.snapshot());
  COFFER_TRY(const auto left, snapshot->get(restore_mark_key()));
  if (!left) return tx.take();
  Reader row(as_bytes(left->value));
  COFFER_TRY(RestoreMark mark, read_mark(row));
  COFFER_CHECK(row.finish());
  mark.sequence = store.sequence();
  COFFER_CHECK(tx.write(restored_row(), encode({.mark = mark}), envelope::Expect::anything()));
  store::Transaction staged = tx.take();
  staged.preconditions.push_back({restore_mark_key(), left->version});
  staged.writes.push_back({restore_mark_key(), std::nullopt});
  return staged;
}

Result<std::vector<std::string>> unsearched_databases(Mounts& mounts,
                                                      envelope::SealedTransaction& tx) {
  std::vector<std::string> paths;
  COFFER_TRY(const auto all, lifecycle::unsearched(tx));
  if (all.empty()) return paths;
  COFFER_TRY(const auto table, mounts.table(tx));
  for (const lifecycle::Unsearched& one : all) {
    const auto entry = std::find_if(table->all().begin(), table->all().end(),
                                    [&](const auto& it) { return it.mount.uuid == one.mount; });
    if (entry != table->all().end()) paths.push_back(entry->mount.path + one.connection);
  }
  return paths;
}

Result<std::uint64_t> restores_released(envelope::SealedTransaction& tx) {
  COFFER_TRY(const auto stored, tx.read(released_row()));
  if (!stored) return std::uint64_t{0};
  Reader row(as_bytes(stored->value));
  COFFER_TRY(const std::uint8_t format, row.u8());
  if (format != kFormat) return make_error(ErrorCode::corrupt, "unknown format of the releases");
  COFFER_TRY(const std::uint64_t count, row.u64());
  COFFER_CHECK(row.finish());
  return count;
}

Result<void> raise_releases(envelope::SealedTransaction& tx, std::uint64_t least) {
  COFFER_TRY(const std::uint64_t known, restores_released(tx));
  return known >= least ? Result<void>() : write_releases(tx, least);
}

Result<void> release_restored(envelope::SealedTransaction& tx) {
  COFFER_TRY(const auto row, tx.read(restored_row()));
  if (!row) return make_error(ErrorCode::precondition, "this vault wasn't restored from a backup");
  COFFER_TRY(Restored restored, decode(row->value));
  if (!restored.paused) return make_error(ErrorCode::precondition, "nothing is paused");
  restored.paused = false;
  COFFER_TRY(const std::uint64_t before, restores_released(tx));
  COFFER_CHECK(write_releases(tx, before + 1));
  return tx.write(restored_row(), encode(restored), envelope::Expect::unchanged(row->version));
}

}  // namespace coffer::core
