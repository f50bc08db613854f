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
};

/// The version of a row as committed so far; 0 if there is none.
using VersionOf = std::function<Result<RowVersion>(const Key&)>;

/// `next` is the sequence that the changes will get. Nothing outlives `transactions`.
[[nodiscard]] Result<Plan> make_plan(std::span<const Transaction> transactions, RowVersion next,
                                     const VersionOf& version_of);

}  // namespace coffer::store
