// Connection URLs, taken apart before anything is put in.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "coffer/connectors/target.h"
#include "src/connectors/mariadb_options.h"
#include "src/connectors/memory_file.h"
#include "src/connectors/postgresql_options.h"
#include "src/connectors/redis_connection.h"
#include "src/connectors/redis_rules.h"

namespace coffer::connectors {
namespace {

std::string value(const PqOptions& options, std::string_view keyword) {
  std::string found = "(none)";
  for (const auto& [name, text] : options) {
    if (name == keyword) found = text;
  }
  return found;
}

SecureBytes secret(std::string_view text) {
  auto copy = SecureBytes::copy_of(as_bytes(text));
  return copy.ok() ? *std::move(copy) : SecureBytes();
}

TEST(PostgresqlUrl, TakesVaultsForm) {
  const auto parsed = parse_postgresql_url(
      "postgresql://{{username}}:{{password}}@db.example:5433/app?sslmode=verify-full");
  ASSERT_TRUE(parsed.ok()) << describe(parsed.error());
  const auto options = login_options(*parsed, "us er@'", secret("p:/@?'\\"));
  EXPECT_EQ(value(options, "host"), "db.example");
  EXPECT_EQ(value(options, "port"), "5433");
  EXPECT_EQ(value(options, "dbname"), "app");
  EXPECT_EQ(value(options, "sslmode"), "verify-full");
  EXPECT_EQ(value(options, "user"), "us er@'");
  EXPECT_EQ(value(options, "password"), "p:/@?'\\");
}

constexpr const char* kAuthorities = "-----BEGIN CERTIFICATE-----\n";

Result<std::unique_ptr<Target>> target(Kind kind, std::string url, std::string tls_ca) {
  return make_target({.kind = kind, .connection_url = std::move(url), .tls_ca = std::move(tls_ca)});
}

bool refuses(Kind kind, std::string url, std::string tls_ca, std::string_view field) {
  const auto made = target(kind, std::move(url), std::move(tls_ca));
  return !made.ok() && made.error().code == ErrorCode::invalid_argument &&
         made.error().text.find(field) != std::string::npos;
}

TEST(Authorities, HaveTheServersNameChecked) {
  auto parsed = parse_postgresql_url("postgresql://db.example/app");
  ASSERT_TRUE(parsed.ok());
  ASSERT_TRUE(trust(*parsed, "/file").ok());
  EXPECT_EQ(value(*parsed, "sslmode"), "verify-full");
  EXPECT_EQ(value(*parsed, "sslrootcert"), "/file");
  for (const char* weak : {"disable", "allow", "prefer", "require"}) {
    const std::string url = "postgresql://db.example/app?sslmode=" + std::string(weak);
    EXPECT_TRUE(refuses(Kind::postgresql, url, kAuthorities, "sslmode")) << weak;
  }
  EXPECT_TRUE(refuses(Kind::postgresql, "host=h sslrootcert=/etc/ca", kAuthorities, "sslrootcert"));
  EXPECT_TRUE(target(Kind::postgresql, "host=h sslmode=verify-ca", kAuthorities).ok());
  EXPECT_TRUE(target(Kind::mariadb, "tcp(h:3306)/", kAuthorities).ok());
  EXPECT_TRUE(target(Kind::mariadb, "tcp(h:3306)/?tls=true", kAuthorities).ok());
  for (const char* weak : {"skip-verify", "false"}) {
    const std::string url = "tcp(h:3306)/?tls=" + std::string(weak);
    EXPECT_TRUE(refuses(Kind::mariadb, url, kAuthorities, "tls=true")) << weak;
  }
}

TEST(Authorities, AreCertificatesAndNoMore) {
  for (const Kind kind : {Kind::postgresql, Kind::mariadb}) {
    const std::string url = kind == Kind::mariadb ? "tcp(h:3306)/" : "host=h";
    EXPECT_TRUE(refuses(kind, url, "/etc/ssl/ca.pem", "tls_ca"));
    EXPECT_TRUE(refuses(kind, url, kAuthorities + std::string("BEGIN PRIVATE KEY"), "tls_ca"));
    EXPECT_TRUE(refuses(kind, url, kAuthorities + std::string(65536, 'A'), "tls_ca"));
  }
  EXPECT_TRUE(refuses(Kind::redis, "redis://h:6379", kAuthorities, "tls_ca"));
}

TEST(Authorities, AreInAFileForAsLongAsItIsHeld) {
  const std::string text = kAuthorities + std::string(5000, 'A');
  auto file = authorities_file(text);
  ASSERT_TRUE(file.ok());
  const std::string path = (*file)->path();
  std::ifstream in(path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), text);
  file->reset();
  EXPECT_FALSE(std::ifstream(path).good());
  const auto none = authorities_file("");
  ASSERT_TRUE(none.ok());
  EXPECT_EQ(*none, nullptr);
}

TEST(PostgresqlUrl, TakesKeysAndValues) {
  const auto parsed =
      parse_postgresql_url("host=/run/postgresql user={{username}} password={{password}}");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(value(login_options(*parsed, "u", {}), "host"), "/run/postgresql");
  EXPECT_EQ(value(login_options(*parsed, "u", {}), "password"), "(none)");
  EXPECT_EQ(value(login_options(*parsed, "u", {}, "other"), "dbname"), "other");
}

TEST(PostgresqlUrl, NeverReadsTheDaemonsPasswordFile) {
  const auto parsed = parse_postgresql_url("postgresql://localhost/");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(value(login_options(*parsed, "u", {}), "passfile"), "/dev/null");
}

TEST(PostgresqlUrl, WipesThePasswordAfterUse) {
  const auto parsed = parse_postgresql_url("postgresql://localhost/");
  ASSERT_TRUE(parsed.ok());
  auto options = login_options(*parsed, "u", secret("canary"));
  wipe_password(options);
  EXPECT_EQ(value(options, "password").find("canary"), std::string::npos);
}

TEST(PostgresqlUrl, RefusesWhatReadsFilesOrHidesPasswords) {
  for (const char* url :
       {"", "postgresql://u:canary@h/", "postgresql://h/?passfile=/etc/shadow", "service=canary",
        "host=h password=canary", "host={{username}}", "postgresql://{{password}}@h/{{username}}",
        "host=h options=-csearch_path=x", "host=h user={{nobody}}", "postgresql://[h", "nonsense",
        "host=h passfile=canary", "host=h user=a{{username}}"}) {
    const auto parsed = parse_postgresql_url(url);
    ASSERT_FALSE(parsed.ok()) << url;
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(describe(parsed.error()).find("canary"), std::string::npos)
        << describe(parsed.error());
    EXPECT_NE(parsed.error().text.find("connection_url"), std::string::npos);
  }
}

TEST(MariadbUrl, TakesVaultsForms) {
  const auto tcp = parse_mariadb_url("{{username}}:{{password}}@tcp(db.example:3307)/app?tls=true");
  ASSERT_TRUE(tcp.ok()) << describe(tcp.error());
  EXPECT_EQ(tcp->host, "db.example");
  EXPECT_EQ(tcp->port, 3307);
  EXPECT_EQ(tcp->database, "app");
  EXPECT_EQ(tcp->tls, MariadbOptions::Tls::verified);
  EXPECT_EQ(tcp->user, "");
  const auto socket = parse_mariadb_url("root@unix(/run/mysqld/mysqld.sock)/?tls=skip-verify");
  ASSERT_TRUE(socket.ok());
  EXPECT_EQ(socket->socket, "/run/mysqld/mysqld.sock");
  EXPECT_EQ(socket->user, "root");
  EXPECT_EQ(socket->tls, MariadbOptions::Tls::unverified);
  const auto six = parse_mariadb_url("{{username}}:{{password}}@tcp([::1]:3306)/");
  ASSERT_TRUE(six.ok());
  EXPECT_EQ(six->host, "::1");
  const auto plain = parse_mariadb_url("tcp(h)/");
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->port, 3306);
}

TEST(MariadbUrl, RefusesOthers) {
  for (const char* url :
       {"", "u:canary@tcp(h:1)/", "tcp(h:1)", "h:1/", "tcp(h:0)/", "tcp(h:65536)/", "tcp(h:1x)/",
        "unix(relative)/", "pipe(/x)/", "{{username}}:{{password}}@tcp({{username}})/",
        "{{password}}@tcp(h)/", "tcp(h)/{{name}}", "tcp(h)/?allowAllFiles=true",
        "tcp(h)/?tls=maybe", "tcp(h\n)/", "x{{username}}@tcp(h)/", "tcp(h/"}) {
    const auto parsed = parse_mariadb_url(url);
    ASSERT_FALSE(parsed.ok()) << url;
    EXPECT_EQ(describe(parsed.error()).find("canary"), std::string::npos);
  }
}

TEST(RedisUrl, TakesHostsAndSockets) {
  const auto host = parse_redis_url("redis://cache.example:6380");
  ASSERT_TRUE(host.ok());
  EXPECT_EQ(host->host, "cache.example");
  EXPECT_EQ(host->port, 6380);
  const auto socket = parse_redis_url("redis://{{username}}:{{password}}@/run/redis.sock");
  ASSERT_TRUE(socket.ok());
  EXPECT_EQ(socket->socket, "/run/redis.sock");
  const auto plain = parse_redis_url("redis://h/");
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->port, 6379);
}

TEST(RedisUrl, RefusesOthers) {
  for (const char* url :
       {"", "rediss://h", "redis://", "redis://u:canary@h", "http://h", "redis://h:x",
        "redis://h:0", "redis://h/1", "redis://{{name}}", "redis://h p"}) {
    const auto parsed = parse_redis_url(url);
    ASSERT_FALSE(parsed.ok()) << url;
    EXPECT_EQ(describe(parsed.error()).find("canary"), std::string::npos);
  }
}

TEST(RedisRules, TakesAnArrayOfRules) {
  const std::string one[] = {R"(["~app:*", "+@read"])"};
  const auto rules = parse_rules(one);
  ASSERT_TRUE(rules.ok());
  EXPECT_EQ(*rules, (std::vector<std::string>{"~app:*", "+@read"}));
  const auto none = parse_rules({});
  ASSERT_TRUE(none.ok());
  EXPECT_EQ(*none, (std::vector<std::string>{"~*", "+@read"}));
}

TEST(RedisRules, RefusesRulesAboutTheLogin) {
  for (const char* text :
       {"[\">x\"]", "[\"<x\"]", "[\"#00\"]", "[\"!00\"]", "[\"nopass\"]", "[\"ON\"]", "[\"off\"]",
        "[\"reset\"]", "[\"ResetPass\"]", "[\"\"]", "[1]", "{}", "+@read"}) {
    const std::string one[] = {text};
    EXPECT_FALSE(parse_rules(one).ok()) << text;
  }
}

TEST(Target, BoundsItsConnections) {
  for (const std::size_t most : {std::size_t{0}, kMostConnections + 1}) {
    TargetConfig config;
    config.connection_url = "postgresql://localhost/";
    config.max_connections = most;
    EXPECT_FALSE(make_target(std::move(config)).ok());
  }
}

std::string address(Kind kind, std::string_view url) {
  const auto found = address_of(kind, url);
  return found.ok() ? *found : "(" + found.error().text + ")";
}

TEST(Addresses, AreTheSameHoweverTheyAreWritten) {
  const std::string_view postgresql[] = {
      "host=DB.example user={{username}} password={{password}} dbname=a",
      "postgresql://{{username}}:{{password}}@db.example/b?sslmode=verify-full",
      "host=db.example. port=5432"};
  for (const auto url : postgresql) {
    EXPECT_EQ(address(Kind::postgresql, url), "host db.example 5432");
  }
  EXPECT_EQ(address(Kind::postgresql, "dbname=a"),
            address(Kind::postgresql, "host=/var/run/postgresql/"));
  EXPECT_EQ(address(Kind::postgresql, "host=x hostaddr=127.0.0.1"), "host localhost 5432");
  EXPECT_NE(address(Kind::postgresql, "host=/run/a"),
            address(Kind::postgresql, "host=/run/a port=5433"))
      << "the port is in the socket's name";
  EXPECT_EQ(address(Kind::mariadb, "{{username}}:{{password}}@tcp(localhost)/"),
            address(Kind::mariadb, "{{username}}:{{password}}@tcp([::1]:3306)/app?tls=true"));
  EXPECT_EQ(address(Kind::mariadb, "a@unix(/run/s)/"), "socket /run/s");
  EXPECT_EQ(address(Kind::redis, "redis://cache"), address(Kind::redis, "redis://CACHE:6379/"));
  EXPECT_EQ(address(Kind::redis, "redis:///run/r"), "socket /run/r");
  EXPECT_FALSE(address_of(Kind::redis, "no URL").ok());
}

}  // namespace
}  // namespace coffer::connectors
