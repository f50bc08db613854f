#include "coffer/core/drill.h"

#include <map>

#include "coffer/core/unmount.h"
#include "coffer/envelope/stored.h"

namespace coffer::core {
namespace {

constexpr std::uint64_t kProgressEach = 1000;

class Drill final {
 public:
  Drill(Unsealed& vault, store::Store& store, const DrillWatch& watch)
      : vault_(vault), store_(store), watch_(watch) {}

  Result<DrillReport> run() {
    COFFER_CHECK(load_mounts());
    COFFER_TRY(const auto snapshot, store_.snapshot());
    Result<void> stopped;
    COFFER_CHECK(snapshot->scan({}, [&](const store::Key& key, const store::Row& row) {
      stopped = look_at(key, row);
      return stopped.ok();
    }));
    COFFER_CHECK(stopped);
    if (stored_secrets_ > reached_) report_.unreachable = stored_secrets_ - reached_;
    return report_;
  }

 private:
  /// Those that are gone too, as long as what they held is being cleared.
  Result<void> load_mounts() {
    COFFER_TRY(tx_, vault_.sealed_store->begin());
    COFFER_TRY(const auto table, vault_.mounts->table(*tx_));
    for (const MountTable::Entry& entry : table->all()) {
      if (!entry.builtin) mounts_.emplace(entry.mount.uuid, Served{entry.mount.path, entry.engine});
    }
    COFFER_TRY(const auto clearing, clearing_mounts(*tx_));
    for (const engine::Mount& mount : clearing) {
      mounts_.emplace(mount.uuid, Served{mount.path, vault_.engines.find(mount.type)});
    }
    return {};
  }

  Result<void> look_at(const store::Key& key, const store::Row& row) {
    switch (envelope::kind_of(row.value)) {
      case envelope::StoredKind::row: return look_at_row(key, row);
      case envelope::StoredKind::secret: ++stored_secrets_; break;
      case envelope::StoredKind::other: break;
    }
    return {};
  }

  Result<void> look_at_row(const store::Key& key, const store::Row& row) {
    const auto opened = envelope::open_stored_row(*vault_.keyring, key, row.value);
    if (!opened.ok()) {
      fail("row " + to_hex(as_bytes(key)), opened.error());
      return {};
    }
    ++report_.rows;
    tell();
    const auto found = mounts_.find(opened->row.space.mount);
    if (found == mounts_.end() || found->second.engine == nullptr) return {};
    const auto secrets = found->second.engine->secrets_in(opened->row, opened->value);
    if (!secrets.ok()) {
      fail("row " + to_hex(as_bytes(key)) + " of " + found->second.path, secrets.error());
      return {};
    }
    for (const engine::KnownSecret& secret : *secrets) {
      COFFER_CHECK(open_secret(secret, opened->row, found->second.path));
    }
    return {};
  }

  /// A token that is away says nothing about a secret.
  Result<void> open_secret(const engine::KnownSecret& secret, const envelope::RowName& said_by,
                           const std::string& mount) {
    COFFER_TRY(const store::Key place, tx_->place(secret.row));
    COFFER_TRY(const store::RowVersion there, tx_->version_at(place));
    if (there != 0) ++reached_;
    if (there != 0 && watch_.opens && !watch_.opens()) {
      ++report_.unopened;
      return {};
    }
    auto value = tx_->open_secret(secret.row, secret.context);
    if (value.ok()) {
      wipe(*value);
      ++report_.secrets;
      tell();
      return {};
    }
    if (value.error().code == ErrorCode::unavailable) return std::move(value).error();
    fail("secret " + to_hex(as_bytes(place)) + " of " + mount, value.error());
    if (watch_.damaged) watch_.damaged(said_by, secret, there);
    return {};
  }

  void fail(const std::string& what, const Error& error) {
    ++report_.failures;
    if (watch_.failed) watch_.failed(what, error);
  }

  void tell() {
    if (watch_.progress && (report_.rows + report_.secrets) % kProgressEach == 0) {
      watch_.progress(report_);
    }
  }

  struct Served {
    std::string path;
    engine::Engine* engine = nullptr;
  };
  Unsealed& vault_;
  store::Store& store_;
  const DrillWatch& watch_;
  std::unique_ptr<envelope::SealedTransaction> tx_;
  std::map<Uuid, Served> mounts_;
  DrillReport report_;
  std::uint64_t stored_secrets_ = 0;
  std::uint64_t reached_ = 0;
};

}  // namespace

Result<DrillReport> open_everything(Unsealed& vault, store::Store& store, const DrillWatch& watch) {
  return Drill(vault, store, watch).run();
}

}  // namespace coffer::core
