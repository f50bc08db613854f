#include "coffer/connectors/target.h"

#include <algorithm>

#include "mariadb.h"
#include "mariadb_options.h"
#include "pool.h"
#include "postgresql.h"
#include "postgresql_options.h"
#include "redis.h"
#include "redis_connection.h"

namespace coffer::connectors {
namespace {

/// As libpq has them if nothing is said.
constexpr std::string_view kPostgresqlSockets = "/var/run/postgresql";
constexpr std::string_view kPostgresqlPort = "5432";

std::string of_socket(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return "socket " + path;
}

std::string of_host(std::string host, std::string_view port) {
  std::transform(host.begin(), host.end(), host.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (host.ends_with('.')) host.pop_back();
  if (host == "127.0.0.1" || host == "::1") host = "localhost";
  return "host " + host + " " + std::string(port);
}

Result<std::string> postgresql_address(std::string_view url) {
  COFFER_TRY(const auto options, parse_postgresql_url(url));
  std::string host(kPostgresqlSockets);
  std::string numbers;  // in the host's place
  std::string port(kPostgresqlPort);
  for (const auto& [keyword, value] : options) {
    if (keyword == "host" && !value.empty()) host = value;
    if (keyword == "hostaddr") numbers = value;
    if (keyword == "port" && !value.empty()) port = value;
  }
  if (!numbers.empty()) return of_host(numbers, port);
  // The port is a part of the socket's name.
  return host.starts_with('/') ? of_socket(host) + " " + port : of_host(host, port);
}

Result<std::string> mariadb_address(std::string_view url) {
  COFFER_TRY(const auto options, parse_mariadb_url(url));
  if (!options.socket.empty()) return of_socket(options.socket);
  return of_host(options.host, std::to_string(options.port));
}

Result<std::string> redis_address(std::string_view url) {
  COFFER_TRY(const auto options, parse_redis_url(url));
  if (!options.socket.empty()) return of_socket(options.socket);
  return of_host(options.host, std::to_string(options.port));
}

}  // namespace

Result<std::string> address_of(Kind kind, std::string_view connection_url) {
  switch (kind) {
    case Kind::postgresql: return postgresql_address(connection_url);
    case Kind::mariadb: return mariadb_address(connection_url);
    case Kind::redis: return redis_address(connection_url);
  }
  return make_error(ErrorCode::internal, "a kind of database that isn't known");
}

std::shared_ptr<Seats> make_seats() { return std::make_shared<Seats>(); }

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
