#include "coffer/connectors/target.h"

#include "mariadb.h"
#include "postgresql.h"
#include "redis.h"

namespace coffer::connectors {

Result<std::unique_ptr<Target>> make_target(TargetConfig config) {
  if (config.max_connections == 0 || config.max_connections > kMostConnections) {
    return make_error(ErrorCode::invalid_argument, "field \"max_open_connections\": wanted 1 to 8");
  }
  switch (config.kind) {
    case Kind::postgresql: return make_postgresql(std::move(config));
    case Kind::mariadb: return make_mariadb(std::move(config));
    case Kind::redis: return make_redis(std::move(config));
  }
  return make_error(ErrorCode::internal, "a kind of database that isn't known");
}

}  // namespace coffer::connectors
