#include "coffer/core/mend.h"

#include <map>

namespace coffer::core {
namespace {

constexpr std::size_t kRows = 256;

using EnginesByMount = std::map<Uuid, engine::Engine*>;

Result<EnginesByMount> engines_of(Unsealed& vault, envelope::SealedTransaction& tx) {
  COFFER_TRY(const auto table, vault.mounts->table(tx));
  EnginesByMount engines;
  for (const MountTable::Entry& entry : table->all()) {
    if (!entry.builtin) engines.emplace(entry.mount.uuid, entry.engine);
  }
  return engines;
}

Result<void> mend_row(const EnginesByMount& engines, envelope::SealedTransaction& tx,
                      const envelope::WalkedRow& row, WallTime now) {
  COFFER_CHECK(lifecycle::Leases::mend(tx, row.name, row.value, now));
  const auto found = engines.find(row.name.space.mount);
  if (found == engines.end()) return {};
  return found->second->mend(tx, row.name, row.value, now);
}

Result<void> commit(store::Store& store, store::Transaction staged) {
  if (staged.empty()) return {};
  const store::Transaction all[] = {std::move(staged)};
  COFFER_TRY(const auto outcomes, store.commit(all));
  if (outcomes.front() == store::CommitOutcome::committed) return {};
  return make_error(ErrorCode::conflict, "somebody committed while rows were mended");
}

}  // namespace

Result<void> mend(Unsealed& vault, store::Store& store, WallTime now) {
  COFFER_TRY(const auto first, vault.sealed_store->begin());
  COFFER_TRY(const EnginesByMount engines, engines_of(vault, *first));
  envelope::RowWalk walk;
  do {
    COFFER_TRY(const auto tx, vault.sealed_store->begin());
    COFFER_TRY(walk, vault.sealed_store->walk_rows(*tx, walk.next, kRows));
    for (const envelope::WalkedRow& row : walk.rows) {
      Result<void> mended = mend_row(engines, *tx, row, now);
      if (!mended.ok() && mended.error().code != ErrorCode::corrupt) return mended;
    }
    COFFER_CHECK(commit(store, tx->take()));
  } while (!walk.done);
  return {};
}

}  // namespace coffer::core
