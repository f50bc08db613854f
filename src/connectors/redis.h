// Redis (6 and later) as a Target: its ACL users.
#pragma once

#include "coffer/connectors/target.h"

namespace coffer::connectors {

[[nodiscard]] Result<std::unique_ptr<Target>> make_redis(TargetConfig config);

}  // namespace coffer::connectors
