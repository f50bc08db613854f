#include "coffer/lifecycle/rotation_index.h"

#include "coffer/base/codec.h"

namespace coffer::lifecycle {
namespace {

using envelope::Expect;

constexpr envelope::Space kIndexSpace{.mount = {}, .table = 30};
/// A row for each of them that fails: to count those reads none of the others.
constexpr envelope::Space kFailingSpace{.mount = {}, .table = 31};
constexpr std::uint8_t kFormat = 1;

envelope::RowName row_of(const Uuid& mount, std::string_view path) {
  return {kIndexSpace, {}, to_string(mount) + "/" + std::string(path)};
}
envelope::RowName failing_row(const Uuid& mount, std::string_view path) {
  return {kFailingSpace, {}, to_string(mount) + "/" + std::string(path)};
}

std::uint64_t to_number(WallTime time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

Result<WallTime> read_time(Reader& row) {
  COFFER_TRY(const std::uint64_t nanoseconds, row.u64());
  return WallTime(std::chrono::nanoseconds(static_cast<std::int64_t>(nanoseconds)));
}

std::string encode(const RotationEntry& entry) {
  Writer row;
  row.u8(kFormat).raw(entry.mount.view()).text(entry.path).text(entry.rotator).text(entry.phase);
  row.u8(entry.paused ? 1 : 0).u8(entry.counts_readers ? 1 : 0);
  row.u64(to_number(entry.next)).u64(to_number(entry.last));
  row.u32(entry.failures).text(entry.trouble);
  return std::string(as_text(row.view()));
}

Result<RotationEntry> decode(std::string_view text) {
  Reader row(as_bytes(text));
  COFFER_TRY(const std::uint8_t format, row.u8());
  if (format != kFormat) {
    return make_error(ErrorCode::corrupt, "unknown format of a rotation's entry");
  }
  RotationEntry entry;
  COFFER_TRY(const ByteView mount, row.raw(entry.mount.bytes.size()));
  COFFER_TRY(entry.mount, uuid_from(mount));
  COFFER_TRY(entry.path, row.text());
  COFFER_TRY(entry.rotator, row.text());
  COFFER_TRY(entry.phase, row.text());
  COFFER_TRY(const std::uint8_t paused, row.u8());
  COFFER_TRY(const std::uint8_t counts_readers, row.u8());
  entry.paused = paused != 0;
  entry.counts_readers = counts_readers != 0;
  COFFER_TRY(entry.next, read_time(row));
  COFFER_TRY(entry.last, read_time(row));
  COFFER_TRY(entry.failures, row.u32());
  COFFER_TRY(entry.trouble, row.text());
  COFFER_CHECK(row.finish());
  return entry;
}

}  // namespace

Result<void> put_rotation(envelope::SealedTransaction& tx, const RotationEntry& entry) {
  const envelope::RowName failing = failing_row(entry.mount, entry.path);
  if (entry.failures > 0) {
    COFFER_CHECK(tx.write(failing, {}, Expect::anything()));
  } else {
    tx.erase(failing, Expect::anything());
  }
  return tx.write(row_of(entry.mount, entry.path), encode(entry), Expect::anything());
}

void drop_rotation(envelope::SealedTransaction& tx, const Uuid& mount, std::string_view path) {
  tx.erase(row_of(mount, path), Expect::anything());
  tx.erase(failing_row(mount, path), Expect::anything());
}

Result<std::optional<RotationEntry>> find_rotation(envelope::SealedTransaction& tx,
                                                   const Uuid& mount, std::string_view path) {
  COFFER_TRY(const auto row, tx.read(row_of(mount, path)));
  if (!row) return std::optional<RotationEntry>();
  COFFER_TRY(RotationEntry entry, decode(row->value));
  return std::optional(std::move(entry));
}

Result<std::vector<RotationEntry>> list_rotations(envelope::SealedTransaction& tx,
                                                  std::size_t at_most) {
  COFFER_TRY(const auto rows, tx.list_some(kIndexSpace, {}, at_most));
  std::vector<RotationEntry> entries;
  entries.reserve(rows.size());
  for (const envelope::ListedRow& row : rows) {
    COFFER_TRY(RotationEntry entry, decode(row.value));
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<std::size_t> failing_rotations(envelope::SealedTransaction& tx) {
  COFFER_TRY(const auto rows, tx.list_some(kFailingSpace, {}, kMaxCounted));
  return rows.size();
}

}  // namespace coffer::lifecycle
