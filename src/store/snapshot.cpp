#include "coffer/store/store.h"

namespace coffer::store {

Result<RowVersion> Snapshot::version(const Key& key) {
  COFFER_TRY(const std::optional<Row> row, get(key));
  return row ? row->version : RowVersion{0};
}

}  // namespace coffer::store
