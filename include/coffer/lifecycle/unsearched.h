// Connections in which nobody has looked for strays since a restore: users that were made in the
// time that it took back stand there, and no lease knows them. docs/database.md; the row is in
// docs/formats/settings.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "coffer/envelope/sealed_store.h"

namespace coffer::lifecycle {

struct Unsearched {
  Uuid mount;
  std::string connection;
  bool operator==(const Unsearched&) const = default;
};

/// Empty: there was no restore, or all were searched.
[[nodiscard]] Result<std::vector<Unsearched>> unsearched(envelope::SealedTransaction& tx);
/// Stages that these are, and no others.
[[nodiscard]] Result<void> set_unsearched(envelope::SealedTransaction& tx,
                                          const std::vector<Unsearched>& all);
/// Stages that this one was searched, or is gone; nothing if it isn't among them.
[[nodiscard]] Result<void> note_searched(envelope::SealedTransaction& tx, const Uuid& mount,
                                         std::string_view connection);

}  // namespace coffer::lifecycle
