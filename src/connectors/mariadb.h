// MariaDB (10.4 and later) as a Target.
#pragma once

#include "coffer/connectors/target.h"

namespace coffer::connectors {

[[nodiscard]] Result<std::unique_ptr<Target>> make_mariadb(TargetConfig config);

}  // namespace coffer::connectors
