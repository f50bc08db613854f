// PostgreSQL as a Target.
#pragma once

#include "coffer/connectors/target.h"

namespace coffer::connectors {

[[nodiscard]] Result<std::unique_ptr<Target>> make_postgresql(TargetConfig config);

}  // namespace coffer::connectors
