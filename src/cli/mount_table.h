// What is mounted, as secrets list, auth list and audit list show it.
#pragma once

#include <string_view>
#include <vector>

#include "session.h"

namespace coffer::cli {

struct MountColumn {
  std::string_view title;
  std::string_view member;       ///< of the mount
  std::string_view config = {};  ///< or of its `config`; a duration in seconds
};

/// `data` of the answer is an object of mounts by path. Sorted; other formats print it whole.
/// Nothing there: `none`, with kRemote.
int print_mounts(Session& session, const Answer& answer, const std::vector<MountColumn>& columns,
                 std::string_view none);

}  // namespace coffer::cli
