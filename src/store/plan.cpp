#include "plan.h"

namespace coffer::store {
namespace {

Result<bool> holds(const Precondition& wanted, const Changes& earlier, RowVersion next,
                   const VersionOf& version_of) {
  if (const auto changed = earlier.find(wanted.key); changed != earlier.end()) {
    return wanted.version == (changed->second->has_value() ? next : 0);
  }
  COFFER_TRY(const RowVersion version, version_of(wanted.key));
  return wanted.version == version;
}

Result<bool> all_hold(const Transaction& transaction, const Changes& earlier, RowVersion next,
                      const VersionOf& version_of) {
  for (const auto& wanted : transaction.preconditions) {
    COFFER_TRY(const bool held, holds(wanted, earlier, next, version_of));
    if (!held) return false;
  }
  return true;
}

}  // namespace

Result<Plan> make_plan(std::span<const Transaction> transactions, RowVersion next,
                       const VersionOf& version_of) {
  Plan plan;
  plan.outcomes.reserve(transactions.size());
  for (const auto& transaction : transactions) {
    COFFER_TRY(const bool passed, all_hold(transaction, plan.changes, next, version_of));
    plan.outcomes.push_back(passed ? CommitOutcome::committed : CommitOutcome::precondition_failed);
    if (!passed) continue;
    for (const auto& write : transaction.writes) plan.changes[write.key] = &write.value;
  }
  return plan;
}

Result<void> enter_plan(Ledger& ledger, Plan& plan, RowVersion next, const RowOf& row_of) {
  std::vector<Change> changes;
  changes.reserve(plan.changes.size());
  for (const auto& [key, value] : plan.changes) {
    Change change{.key = key, .before = {}, .after = {}};
    COFFER_TRY(change.before, row_of(key));
    if (value->has_value()) change.after = **value;
    changes.push_back(std::move(change));
  }
  COFFER_TRY(Write entry, ledger.enter(next, changes));
  plan.entry = std::make_unique<const Write>(std::move(entry));
  if (plan.changes.contains(plan.entry->key)) {
    return make_error(ErrorCode::internal, "a transaction writes the ledger's own row");
  }
  plan.changes[plan.entry->key] = &plan.entry->value;
  return {};
}

}  // namespace coffer::store
