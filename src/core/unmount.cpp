#include "coffer/core/unmount.h"

#include "mount_row.h"

namespace coffer::core {
namespace {

constexpr std::string_view kKind = "unmount";
/// Mounts that are gone, and of which rows may be left.
constexpr envelope::Space kClearingSpace{.mount = {}, .table = 12};

envelope::RowName clearing_row(std::string_view id) {
  return {kClearingSpace, {}, std::string(id)};
}

Result<void> clear(const Engines& engines, envelope::SealedTransaction& tx,
                   const lifecycle::Due& due, WallTime now) {
  COFFER_TRY(const auto row, tx.read(clearing_row(due.id)));
  if (!row) return {};
  COFFER_TRY(const engine::Mount mount, decode_mount(row->value));
  engine::Engine* serves = engines.find(mount.type);
  if (serves == nullptr) {
    return make_error(ErrorCode::internal, "a mount to clear has a type that no engine serves");
  }
  COFFER_TRY(const bool done, serves->clear(tx, mount));
  if (!done) return lifecycle::schedule(tx, kKind, due.id, now, now);
  tx.erase(clearing_row(due.id), envelope::Expect::unchanged(row->version));
  return {};
}

}  // namespace

Result<void> schedule_clearing(envelope::SealedTransaction& tx, const engine::Mount& mount,
                               WallTime now) {
  const std::string id = to_string(mount.uuid);
  COFFER_CHECK(tx.write(clearing_row(id), encode_mount(mount), envelope::Expect::absent()));
  return lifecycle::schedule(tx, kKind, id, now, now);
}

Result<std::vector<engine::Mount>> clearing_mounts(envelope::SealedTransaction& tx) {
  COFFER_TRY(const auto rows, tx.list(kClearingSpace, {}));
  std::vector<engine::Mount> mounts;
  for (const envelope::ListedRow& row : rows) {
    COFFER_TRY(engine::Mount mount, decode_mount(row.value));
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

void register_clearing(Unsealed& vault) {
  vault.due_handlers.add(
      std::string(kKind),
      [&engines = vault.engines](envelope::SealedTransaction& tx, const lifecycle::Due& due,
                                 WallTime now) { return clear(engines, tx, due, now); });
}

}  // namespace coffer::core
