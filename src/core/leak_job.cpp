#include "coffer/core/leak_job.h"

#include "coffer/base/codec.h"
#include "leak_rows.h"

namespace coffer::core {
namespace {

constexpr std::string_view kKind = "leak_index";
constexpr std::string_view kId = "all";
constexpr std::uint8_t kFormat = 2;
/// Of a job that looked at the secrets of KV engines alone.
constexpr std::uint8_t kNarrow = 1;
/// Rows looked at in one step, and secrets opened in one, each perhaps by the token.
constexpr std::size_t kRows = 256;
constexpr std::size_t kSecrets = 64;
/// Between steps that had secrets to open: some 600 a second, beside everyone's requests.
constexpr std::chrono::milliseconds kPause{100};

envelope::RowName job_row() { return {kLeakWorkSpace, {}, "index"}; }

struct Stored {
  LeakJob job;
  store::RowVersion row = 0;
  bool narrow = false;  ///< it passed secrets that have fingerprints today
};

Result<Stored> read_job(envelope::SealedTransaction& tx) {
  COFFER_TRY(const auto row, tx.read(job_row()));
  if (!row) return Stored{};
  Stored stored{.job = {}, .row = row->version};
  Reader in(as_bytes(row->value));
  COFFER_TRY(const std::uint8_t format, in.u8());
  COFFER_TRY(const std::uint8_t done, in.u8());
  if ((format != kFormat && format != kNarrow) || done > 1) {
    return make_error(ErrorCode::corrupt, "unknown format of the row of the index of fingerprints");
  }
  stored.job.done = done == 1;
  COFFER_TRY(stored.job.cursor, in.text());
  stored.narrow = format == kNarrow;
  COFFER_TRY(stored.job.secrets, in.u64());
  COFFER_TRY(stored.job.unreadable, in.u64());
  COFFER_TRY(const std::uint64_t next, in.u64());
  COFFER_CHECK(in.finish());
  stored.job.next = WallTime(std::chrono::nanoseconds(static_cast<std::int64_t>(next)));
  return stored;
}

Result<void> write_job(envelope::SealedTransaction& tx, const Stored& stored) {
  Writer out;
  out.u8(kFormat).u8(stored.job.done ? 1 : 0).text(stored.job.cursor);
  out.u64(stored.job.secrets).u64(stored.job.unreadable);
  out.u64(static_cast<std::uint64_t>(stored.job.next.time_since_epoch().count()));
  return tx.write(
      job_row(), as_text(out.view()),
      stored.row == 0 ? envelope::Expect::absent() : envelope::Expect::unchanged(stored.row));
}

/// One step over some rows. Those of a secret that goes meanwhile are held: then the step is run
/// again, and leaves no fingerprint behind of what isn't there.
class Step final {
 public:
  Step(Unsealed& vault, envelope::SealedTransaction& tx, LeakJob& job)
      : vault_(vault), tx_(tx), job_(job) {}

  Result<void> run() {
    COFFER_TRY(table_, vault_.mounts->table(tx_));
    COFFER_TRY(const envelope::RowWalk walk,
               vault_.sealed_store->walk_rows(tx_, job_.cursor, kRows));
    for (const envelope::WalkedRow& row : walk.rows) {
      COFFER_CHECK(look_at(row));
      // The cursor stays: what was indexed is noted, and passed by the next time.
      if (opened_ >= kSecrets) return {};
    }
    job_.cursor = walk.next;
    job_.done = walk.done;
    return {};
  }
  [[nodiscard]] std::size_t opened() const noexcept { return opened_; }

 private:
  const MountTable::Entry* mount_of(const Uuid& uuid) const {
    for (const MountTable::Entry& entry : table_->all()) {
      if (!entry.builtin && entry.mount.uuid == uuid) return &entry;
    }
    return nullptr;
  }

  Result<void> look_at(const envelope::WalkedRow& row) {
    const MountTable::Entry* mount = mount_of(row.name.space.mount);
    if (mount == nullptr) return {};
    const engine::Readable* readable = engine::readable(*mount->engine);
    if (readable == nullptr) return {};
    const auto secrets = mount->engine->secrets_in(row.name, row.value);
    if (!secrets.ok()) {
      ++job_.unreadable;
      return {};
    }
    bool held = false;
    for (const engine::KnownSecret& secret : *secrets) {
      if (opened_ >= kSecrets) return {};
      COFFER_TRY(const bool known, leak_index(vault_).holds(tx_, secret.row));
      if (known) continue;
      if (!held) COFFER_CHECK(hold(row.name));
      held = true;
      COFFER_CHECK(index(*readable, secret));
    }
    return {};
  }

  Result<void> hold(const envelope::RowName& name) {
    COFFER_TRY(const auto row, tx_.read(name));
    if (!row) return make_error(ErrorCode::conflict, "a row that was being looked at is gone");
    return tx_.require(name, envelope::Expect::unchanged(row->version));
  }

  /// What can't be opened is noted as well, or it would be tried for ever.
  Result<void> index(const engine::Readable& readable, const engine::KnownSecret& secret) {
    ++opened_;
    auto value = tx_.open_secret(secret.row, secret.context);
    if (!value.ok() && value.error().code != ErrorCode::corrupt &&
        value.error().code != ErrorCode::not_found) {
      return std::move(value).error();
    }
    if (value.ok()) {
      ++job_.secrets;
    } else {
      ++job_.unreadable;
    }
    Result<void> added = leak_index(vault_).add(tx_, readable, secret.row, secret.context,
                                                value.ok() ? &*value : nullptr);
    if (value.ok()) wipe(*value);
    return added;
  }

  Unsealed& vault_;
  envelope::SealedTransaction& tx_;
  LeakJob& job_;
  std::shared_ptr<const MountTable> table_;
  std::size_t opened_ = 0;
};

Result<void> step(Unsealed& vault, envelope::SealedTransaction& tx, const lifecycle::Due& due,
                  WallTime now) {
  COFFER_TRY(Stored stored, read_job(tx));
  if (stored.job.done || due.when < stored.job.next) return {};
  Step work(vault, tx, stored.job);
  COFFER_CHECK(work.run());
  stored.job.next =
      now + (work.opened() > 0 ? std::chrono::nanoseconds(kPause) : std::chrono::nanoseconds(0));
  if (!stored.job.done) COFFER_CHECK(lifecycle::schedule(tx, kKind, kId, stored.job.next, now));
  return write_job(tx, stored);
}

}  // namespace

Result<std::optional<LeakJob>> leak_job(envelope::SealedTransaction& tx) {
  COFFER_TRY(Stored stored, read_job(tx));
  return stored.row == 0 ? std::optional<LeakJob>() : std::optional(std::move(stored.job));
}

Result<void> resume_leak_job(envelope::SealedTransaction& tx, WallTime now) {
  COFFER_TRY(Stored stored, read_job(tx));
  // A job that began has its next step among the due rows.
  if (stored.row != 0 && !stored.narrow) return {};
  if (stored.narrow) {
    stored.job.cursor.clear();
    stored.job.done = false;
    stored.job.next = now;
    COFFER_CHECK(write_job(tx, stored));
  }
  return lifecycle::schedule(tx, kKind, kId, now, now);
}

void register_leak_job(Unsealed& vault) {
  vault.due_handlers.add(std::string(kKind),
                         [&vault](envelope::SealedTransaction& tx, const lifecycle::Due& due,
                                  WallTime now) { return step(vault, tx, due, now); });
}

}  // namespace coffer::core
