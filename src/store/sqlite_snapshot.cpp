#include "sqlite_snapshot.h"

#include <algorithm>

namespace coffer::store {
namespace {

// A scan reads page by page, so that no statement is open while the visitor runs; it may stop
// early, so pages begin small.
constexpr std::size_t kFirstPage = 16;
constexpr std::size_t kLargestPage = 1024;

Error moved_on() { return make_error(ErrorCode::conflict, "the store changed while it was read"); }

}  // namespace

Result<void> SqliteSnapshot::fix() {
  COFFER_CHECK(lend_reader());
  if (reader_->sequence() != sequence_) return moved_on();
  return {};
}

Result<std::optional<Row>> SqliteSnapshot::get(const Key& key) {
  auto found = parts_->cache.get(key);
  if (found.row && may_use(found.sequence, found.row->version)) return std::move(found.row);
  return get_stored(key);
}

Result<RowVersion> SqliteSnapshot::version(const Key& key) {
  const auto found = parts_->cache.find_version(key);
  if (found.version && may_use(found.sequence, *found.version)) return *found.version;
  COFFER_TRY(const auto row, get_stored(key));
  return row ? row->version : RowVersion{0};
}

bool SqliteSnapshot::may_use(std::uint64_t sequence, RowVersion version) {
  // A reader may have seen a commit that isn't published yet, and the cache's rows may be older
  // than it.
  if (sequence < sequence_) return false;
  if (!fixed_) sequence_ = sequence;
  if (version > sequence_) return false;
  fixed_ = true;
  return true;
}

Result<std::optional<Row>> SqliteSnapshot::get_stored(const Key& key) {
  COFFER_CHECK(lend_reader());
  COFFER_TRY(auto row, (*reader_)->get(key));
  if (row) parts_->cache.insert(key, *row, reader_->sequence());
  // An absent row says nothing about an earlier time: it may have been erased since.
  const bool unchanged = reader_->sequence() == sequence_ || (row && row->version <= sequence_);
  if (!unchanged) return moved_on();
  return row;
}

Result<void> SqliteSnapshot::lend_reader() {
  if (reader_) return {};
  COFFER_TRY(auto lease, parts_->readers.lend());
  if (!fixed_) sequence_ = lease.sequence();
  fixed_ = true;
  reader_.emplace(std::move(lease));
  return {};
}

Result<void> SqliteSnapshot::scan(const Key& prefix,
                                  const std::function<bool(const Key&, const Row&)>& visit) {
  return scan_from(prefix, prefix, visit);
}

Result<void> SqliteSnapshot::scan_after(const Key& after,
                                        const std::function<bool(const Key&, const Row&)>& visit) {
  return scan_from(after + '\0', {}, visit);
}

Result<void> SqliteSnapshot::scan_from(Key start, const Key& prefix,
                                       const std::function<bool(const Key&, const Row&)>& visit) {
  COFFER_CHECK(fix());
  for (std::size_t limit = kFirstPage;; limit = std::min(limit * 4, kLargestPage)) {
    COFFER_TRY(const auto page, (*reader_)->page(start, prefix, limit));
    for (const auto& [key, row] : page.rows) {
      if (!visit(key, row)) return {};
    }
    if (page.last) return {};
    // The smallest key after the last one.
    start = page.rows.back().first + '\0';
  }
}

}  // namespace coffer::store
