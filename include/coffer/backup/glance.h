// What a backup says of itself, without reading all of it.
#pragma once

#include "coffer/backup/file.h"

namespace coffer::backup {

struct Glance {
  Header header;
  std::uint64_t bytes = 0;  ///< of the whole file
};

/// Looks at the head and at the end: one that is empty, cut, or longer than it was made is found,
/// and so is what is no backup. corrupt says which; precondition: of a format that this program
/// doesn't know. What is in between, and who signed it, verify() alone can say: nothing of this is
/// to be believed where it matters.
[[nodiscard]] Result<Glance> glance(File& file);

}  // namespace coffer::backup
