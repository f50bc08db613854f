// What a commit of several transactions comes to, before anything is written. Shared by all stores,
// so that preconditions mean the same on each.
#pragma once

#include <functional>
#include <map>
#include <string_view>

#include "coffer/store/store.h"

namespace coffer::store {

/// The last write of each key, in key order. Views into the transactions; nullopt: erase.
using Changes = std::map<std::string_view, const std::optional<std::string>*>;

struct Plan {
  std::vector<CommitOutcome> outcomes;
  Changes changes;
  /// What the ledger adds; `changes` has views into it.
  std::unique_ptr<const Write> entry{};
};

/// The version of a row as committed so far; 0 if there is none.
using VersionOf = std::function<Result<RowVersion>(const Key&)>;

/// `next` is the sequence that the changes will get. Nothing outlives `transactions`.
[[nodiscard]] Result<Plan> make_plan(std::span<const Transaction> transactions, RowVersion next,
                                     const VersionOf& version_of);

/// A row as committed so far; nullopt if there is none.
using RowOf = std::function<Result<std::optional<Row>>(std::string_view)>;

/// Has the plan, which changes something, entered, and takes what the ledger adds into it.
[[nodiscard]] Result<void> enter_plan(Ledger& ledger, Plan& plan, RowVersion next,
                                      const RowOf& row_of);

}  // namespace coffer::store
