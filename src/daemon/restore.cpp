#include "restore.h"

#include <array>
#include <ctime>

#include "coffer/core/restored.h"
#include "coffer/store/restore.h"

namespace coffer::daemon {
namespace {

/// The rows of a backup that was verified already, checked once more to the last byte.
class CheckedRows final {
 public:
  CheckedRows(backup::BackupReader reader, const Bytes& pinned, const crypto::Sha256& digest)
      : reader_(std::move(reader)), pinned_(pinned), digest_(digest) {}

  /// False at the end, and only if all of it is as it was the first time.
  Result<bool> next(store::Key& key, store::Row& row) {
    for (;;) {
      COFFER_TRY(const auto found, reader_.next());
      if (!found) break;
      // One of an earlier restore that was never opened since: this restore has its own.
      if (found->key == core::restore_mark_key()) continue;
      key = found->key;
      row = {std::string(found->value), found->version};
      return true;
    }
    COFFER_TRY(const backup::Summary summary, reader_.finish(ByteView(pinned_)));
    if (summary.digest == digest_) return false;
    return make_error(ErrorCode::corrupt, "the backup changed while it was read");
  }

 private:
  backup::BackupReader reader_;
  const Bytes& pinned_;
  const crypto::Sha256 digest_;
};

Result<CheckedRows> read_again(RestoreSource& source, const backup::Verified& verified) {
  COFFER_CHECK(source.file.rewind());
  COFFER_TRY(auto reader, backup::BackupReader::open(source.file.source()));
  return CheckedRows(std::move(reader), source.pinned, verified.summary.digest);
}

std::string aside_name(const std::string& store_path, WallTime now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(now));
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts);
  return store_path.substr(store_path.rfind('/') + 1) + ".before-restore-" +
         std::string(text.data(), size);
}

/// On record before the store changes. A log of another node isn't gone on with.
Result<void> record(const VaultConfig& vault, const backup::Verified& verified,
                    const Clock& clock) {
  COFFER_TRY(const auto log, audit::open_log({.directory = vault.audit_directory,
                                              .node = verified.header.node,
                                              .durability = vault.audit_durability},
                                             clock));
  const audit::Trail trail(*log, nullptr, clock);
  const backup::Header& header = verified.header;
  const audit::Line lines[] = {trail.system_line(
      "restore", "from a backup of " + to_rfc3339(header.created) + ", sequence " +
                     std::to_string(header.sequence) + ", digest " +
                     to_hex(verified.summary.digest) + ", audit line " +
                     std::to_string(header.audit_sequence) + " " + header.audit_hash)};
  return log->append(lines, true);
}

}  // namespace

Result<RestoreResult> restore(const VaultConfig& vault, RestoreSource& source, const Clock& clock) {
  COFFER_TRY(auto verified, backup::verify(source.file.source(), ByteView(source.pinned)));
  COFFER_TRY(CheckedRows rows, read_again(source, verified));
  const core::RestoreMark mark{.created = verified.header.created,
                               .restored = clock.wall(),
                               .sequence = verified.header.sequence,
                               .digest = verified.summary.digest};
  bool marked = false;
  const auto feed = [&](store::Key& key, store::Row& row) -> Result<bool> {
    if (marked) return false;
    COFFER_TRY(const bool more, rows.next(key, row));
    if (more) return true;
    COFFER_CHECK(record(vault, verified, clock));
    // As old as the backup's newest row: what this marks is all that was in it.
    marked = true;
    key = core::restore_mark_key();
    row = {core::encode_restore_mark(mark), verified.header.sequence};
    return true;
  };
  RestoreResult result{.backup = verified};
  const std::string aside = aside_name(vault.store_path, mark.restored);
  COFFER_TRY(const bool existed,
             store::replace_sqlite_store(vault.store_path, {.node = verified.header.node,
                                                            .sequence = verified.header.sequence,
                                                            .feed = feed,
                                                            .aside = aside}));
  if (existed) {
    result.aside = vault.store_path.substr(0, vault.store_path.rfind('/') + 1) + aside;
  }
  return result;
}

Result<backup::Verified> restore_scratch(const std::string& store_path, RestoreSource& source) {
  COFFER_TRY(auto verified, backup::verify(source.file.source(), ByteView(source.pinned)));
  COFFER_TRY(CheckedRows rows, read_again(source, verified));
  const auto feed = [&](store::Key& key, store::Row& row) { return rows.next(key, row); };
  COFFER_TRY([[maybe_unused]] const bool existed,
             store::replace_sqlite_store(store_path, {.node = verified.header.node,
                                                      .sequence = verified.header.sequence,
                                                      .feed = feed}));
  return verified;
}

}  // namespace coffer::daemon
