#include "orphans.h"

#include <algorithm>
#include <tuple>

#include "issue.h"

namespace coffer::engines::database {
namespace {

using engine::SealedTransaction;

/// Those whose password the vault rotates, and itself: never to be ended, whatever their names.
Result<Names> users_for_good(SealedTransaction& tx, const Found& found) {
  Names names{found.row.username};
  COFFER_TRY(const auto rows, tx.list({found.mount, kStaticTable}, ""));
  for (const engine::ListedRow& row : rows) {
    COFFER_TRY(const StaticRole role, decode_static_role(row.value));
    names.insert({role.username, role.alternate});
  }
  return names;
}

Result<std::vector<Orphan>> described(House& house, const Names& names) {
  std::vector<Orphan> orphans;
  for (const std::string& name : names) {
    auto made = parse_made_name(name);
    if (!made) continue;
    COFFER_TRY(const bool ours, is_name_of(house.parts.vault, made->lease));
    orphans.push_back({name, *std::move(made), ours});
  }
  std::sort(orphans.begin(), orphans.end(), [](const Orphan& a, const Orphan& b) {
    return std::tie(a.made.created, a.username) < std::tie(b.made.created, b.username);
  });
  return orphans;
}

}  // namespace

Result<Names> made_users(House& house, SealedTransaction& tx, const Found& found) {
  Names names;
  COFFER_CHECK(house.targets.with(tx, found, [&](connectors::Target& target) -> Result<void> {
    COFFER_TRY(const auto all, target.users(kMadeNamesBegin));
    names.clear();
    for (const std::string& name : all) {
      if (parse_made_name(name)) names.insert(name);
    }
    return {};
  }));
  return names;
}

/// Leases of all mounts: another connection may lead to the same server. An orphan that is being
/// ended has its own name in the place of a lease's.
Result<Known> known_among(House& house, const Found& found, const Names& names) {
  COFFER_TRY(const auto tx, house.parts.store.begin());
  Known known;
  COFFER_TRY(const Names for_good, users_for_good(*tx, found));
  std::set_intersection(names.begin(), names.end(), for_good.begin(), for_good.end(),
                        std::inserter(known.owned, known.owned.end()));
  COFFER_CHECK(lifecycle::Leases::visit(*tx, [&](const lifecycle::Lease& lease) -> Result<bool> {
    if (lease.terms.kind != kLeaseKind) return true;
    COFFER_TRY(const Payload payload, decode_payload(lease.terms.payload));
    if (!names.contains(payload.username)) return true;
    (lease.name == payload.username ? known.ending : known.owned).insert(payload.username);
    return true;
  }));
  return known;
}

/// The server is asked first and the leases are looked up then: whoever is there has had an intent
/// on disk before (docs/decisions/0023), so a user who is just being made is known. And the server
/// once more, for a lease whose end came between.
Result<std::vector<Orphan>> find_orphans(House& house, SealedTransaction& tx, const Found& found) {
  COFFER_TRY(Names suspects, made_users(house, tx, found));
  if (suspects.empty()) return std::vector<Orphan>();
  COFFER_TRY(const Known known, known_among(house, found, suspects));
  std::erase_if(suspects, [&](const std::string& name) {
    return known.owned.contains(name) || known.ending.contains(name);
  });
  if (suspects.empty()) return std::vector<Orphan>();
  COFFER_TRY(const Names still_there, made_users(house, tx, found));
  std::erase_if(suspects, [&](const std::string& name) { return !still_there.contains(name); });
  return described(house, suspects);
}

}  // namespace coffer::engines::database
