// The rows that say who may do what, and with which keys: few, and checked before anything is
// served. The list is part of a format: docs/formats/row-sums.md.
#pragma once

#include <vector>

#include "coffer/envelope/row_sums.h"

namespace coffer::core {

[[nodiscard]] const std::vector<envelope::RowGroup>& authority_rows();

}  // namespace coffer::core
