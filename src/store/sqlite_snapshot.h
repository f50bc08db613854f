// A snapshot that reads from the row cache as long as it can, and from SQLite otherwise.
//
// It begins as a number, the sequence S of the last commit, and costs nothing. A cached row of
// version v is right for S if v <= S <= the cache's sequence. The first row that isn't there lends
// a reader, whose transaction stands at R >= S. Nothing read yet: S becomes R. Otherwise a row of
// version v <= S is right for S too, for it hasn't changed since; anything else is a conflict. Once
// S is R there are none any more, which is what fix() sees to.
#pragma once

#include <memory>
#include <optional>

#include "row_cache.h"
#include "sqlite_reader.h"
#include "sqlite_writer.h"
#include "unique_fd.h"

namespace coffer::store {

/// What a store is made of, in the order opposite to that in which it is taken down: readers close
/// before the writer, the lock goes last. Snapshots share it, so that none outlives its reader.
struct SqliteParts {
  SqliteParts(UniqueFd held, std::unique_ptr<SqliteWriter> opened,
              const SqliteWriter::Opened& found, std::size_t cache_bytes, const std::string& file)
      : lock(std::move(held)),
        node(found.node),
        cache(cache_bytes, found.sequence),
        writer(std::move(opened)),
        readers(file) {}

  const UniqueFd lock;
  const Uuid node;
  RowCache cache;
  const std::unique_ptr<SqliteWriter> writer;
  ReaderPool readers;
};

class SqliteSnapshot final : public Snapshot {
 public:
  explicit SqliteSnapshot(std::shared_ptr<SqliteParts> parts)
      : parts_(std::move(parts)), sequence_(parts_->cache.sequence()) {}

  [[nodiscard]] std::uint64_t sequence() const override { return sequence_; }
  [[nodiscard]] Result<void> fix() override;
  [[nodiscard]] Result<std::optional<Row>> get(const Key& key) override;
  [[nodiscard]] Result<RowVersion> version(const Key& key) override;
  [[nodiscard]] Result<void> scan(
      const Key& prefix, const std::function<bool(const Key&, const Row&)>& visit) override;
  [[nodiscard]] Result<void> scan_after(
      const Key& after, const std::function<bool(const Key&, const Row&)>& visit) override;

 private:
  /// From `start` on, which stands at or behind `prefix`.
  Result<void> scan_from(Key start, const Key& prefix,
                         const std::function<bool(const Key&, const Row&)>& visit);
  /// May this snapshot read a row of `version` out of a cache that stands at `sequence`? Fixes the
  /// snapshot's own sequence if so.
  bool may_use(std::uint64_t sequence, RowVersion version);
  Result<std::optional<Row>> get_stored(const Key& key);
  Result<void> lend_reader();

  // The lease goes before what it was lent from.
  std::shared_ptr<SqliteParts> parts_;
  std::optional<ReaderLease> reader_;
  std::uint64_t sequence_;
  bool fixed_ = false;  ///< something was read: the sequence can't move any more
};

}  // namespace coffer::store
