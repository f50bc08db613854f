#include "contract/targets/database_server.h"

#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "src/connectors/mariadb_connection.h"
#include "src/connectors/postgresql_connection.h"
#include "src/connectors/redis_connection.h"

namespace coffer::contract {
namespace {

using connectors::in;
using std::chrono::milliseconds;

constexpr milliseconds kPatience{10000};

std::string with_children(pid_t parent, std::vector<pid_t>& all) {
  all.push_back(parent);
  const std::string id = std::to_string(parent);
  std::ifstream children("/proc/" + id + "/task/" + id + "/children");
  for (pid_t child = 0; children >> child;) with_children(child, all);
  return id;
}

bool stands_still(pid_t process) {
  std::error_code error;
  for (const auto& thread :
       std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task", error)) {
    std::ifstream file(thread.path() / "stat");
    std::string stat;
    std::getline(file, stat);
    const auto name_end = stat.rfind(')');
    if (name_end != std::string::npos && stat.compare(name_end + 2, 1, "T") != 0) return false;
  }
  return true;
}

template <typename Connection>
class SqlSession final : public Session {
 public:
  explicit SqlSession(std::unique_ptr<Connection> connection)
      : connection_(std::move(connection)) {}
  bool run(const std::string& statement) override {
    if constexpr (std::is_same_v<Connection, connectors::PostgresqlConnection>) {
      return connection_->execute(statement, in(kPatience)).ok();
    } else {
      return connection_->execute(statement).ok();
    }
  }

 private:
  std::unique_ptr<Connection> connection_;
};

class PostgresqlServer final : public DatabaseServer {
 public:
  PostgresqlServer() : DatabaseServer("postgres", "postgres") {
    must(fakes::run_program(as_user({kBin + "initdb", "-D", data(), "-N", "-U", "postgres",
                                     "--auth-local=scram-sha-256", "--encoding=UTF8",
                                     "--locale=C.UTF-8", "--pwfile=" + password_file()})));
    launch();
    as_owner("CREATE ROLE " + std::string(kAdmin) + " LOGIN CREATEROLE PASSWORD '" +
             "the administrator''s password'");
    as_owner("CREATE DATABASE app OWNER coffer");
    as_owner("CREATE DATABASE other OWNER coffer");
  }
  [[nodiscard]] connectors::Kind kind() const override { return connectors::Kind::postgresql; }
  [[nodiscard]] std::string url() const override {
    return "host=" + directory_ + " user={{username}} password={{password}} dbname=app";
  }
  [[nodiscard]] std::vector<std::string> creation() const override {
    return {
        "CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL "
        "'{{expiration}}'; GRANT CREATE ON SCHEMA public TO \"{{name}}\""};
  }
  [[nodiscard]] std::vector<std::string> wrong_creation() const override {
    return {creation()[0], "GRANT SELECT ON nothing_of_this_name TO \"{{name}}\""};
  }
  [[nodiscard]] std::string harmless() const override { return "SELECT 1"; }
  std::unique_ptr<Session> log_in(const std::string& name, const std::string& password) override {
    return log_in_to("app", name, password);
  }
  std::unique_ptr<Session> log_in_to(const std::string& database, const std::string& name,
                                     const std::string& password) {
    auto opened = connectors::PostgresqlConnection::open(
        {{"host", directory_}, {"user", name}, {"password", password}, {"dbname", database}},
        in(kPatience), kPatience);
    if (!opened.ok()) return nullptr;
    return std::make_unique<SqlSession<connectors::PostgresqlConnection>>(*std::move(opened));
  }
  void as_owner(const std::string& statement) override {
    const auto session = log_in_to("postgres", "postgres", "owner");
    if (session == nullptr || !session->run(statement)) {
      throw std::runtime_error("PostgreSQL's owner can't: " + statement);
    }
  }
  void add_powerless(const std::string& name, const std::string& password) override {
    as_owner("CREATE ROLE " + name + " LOGIN PASSWORD '" + password + "'");
  }

 private:
  inline static const std::string kBin = "/usr/lib/postgresql/15/bin/";
  [[nodiscard]] std::string data() const { return directory_ + "/data"; }
  [[nodiscard]] std::string password_file() const {
    std::ofstream(directory_ + "/password") << "owner\n";
    return directory_ + "/password";
  }
  [[nodiscard]] std::vector<std::string> command() const override {
    return as_user({kBin + "postgres",
                    "-D",
                    data(),
                    "-c",
                    "listen_addresses=",
                    "-c",
                    "unix_socket_directories=" + directory_,
                    "-c",
                    "fsync=off",
                    "-c",
                    "log_statement=all",
                    "-c",
                    "logging_collector=on",
                    "-c",
                    "log_directory=" + directory_,
                    "-c",
                    "log_filename=statements.log",
                    "-c",
                    "shared_buffers=16MB",
                    "-c",
                    "autovacuum=off"});
  }
  bool is_up() override { return log_in_to("postgres", "postgres", "owner") != nullptr; }
};

class MariadbServer final : public DatabaseServer {
 public:
  MariadbServer() : DatabaseServer("mariadb", "mysql") {
    must(fakes::run_program({"mariadb-install-db", "--no-defaults", "--user=" + user(),
                             "--datadir=" + directory_ + "/data",
                             "--auth-root-authentication-method=normal", "--skip-test-db"}));
    launch();
    as_owner("CREATE DATABASE app");
    as_owner("CREATE USER coffer@localhost IDENTIFIED BY 'the administrator''s password'");
    as_owner("GRANT CREATE USER, CONNECTION ADMIN ON *.* TO coffer@localhost");
    as_owner("GRANT SELECT ON mysql.user TO coffer@localhost");
    as_owner("GRANT SELECT ON mysql.global_priv TO coffer@localhost");
    as_owner("GRANT SELECT ON app.* TO coffer@localhost WITH GRANT OPTION");
  }
  [[nodiscard]] connectors::Kind kind() const override { return connectors::Kind::mariadb; }
  [[nodiscard]] std::string url() const override {
    return "{{username}}:{{password}}@unix(" + socket() + ")/";
  }
  [[nodiscard]] std::vector<std::string> creation() const override {
    return {
        "CREATE USER '{{name}}'@'localhost' IDENTIFIED BY '{{password}}'; GRANT SELECT ON "
        "app.* TO '{{name}}'@'localhost'"};
  }
  [[nodiscard]] std::vector<std::string> wrong_creation() const override {
    return {creation()[0], "GRANT SELECT ON nothing.of_this_name TO '{{name}}'@'localhost'"};
  }
  [[nodiscard]] std::string harmless() const override { return "SELECT 1"; }
  std::unique_ptr<Session> log_in(const std::string& name, const std::string& password) override {
    connectors::MariadbOptions options;
    options.socket = socket();
    const SecureBytes bytes = secret(password);
    auto opened = connectors::MariadbConnection::open({options, name, bytes, kPatience, kPatience});
    if (!opened.ok()) return nullptr;
    return std::make_unique<SqlSession<connectors::MariadbConnection>>(*std::move(opened));
  }
  void as_owner(const std::string& statement) override {
    const auto session = log_in("root", "");
    if (session == nullptr || !session->run(statement)) {
      throw std::runtime_error("MariaDB's owner can't: " + statement);
    }
  }
  void add_powerless(const std::string& name, const std::string& password) override {
    as_owner("CREATE USER " + name + "@localhost IDENTIFIED BY '" + password + "'");
  }

 private:
  [[nodiscard]] static std::string user() {
    return ::geteuid() == 0 ? "mysql" : ::getpwuid(::geteuid())->pw_name;
  }
  [[nodiscard]] std::string socket() const { return directory_ + "/socket"; }
  [[nodiscard]] std::vector<std::string> command() const override {
    return {"mariadbd",
            "--no-defaults",
            "--user=" + user(),
            "--datadir=" + directory_ + "/data",
            "--socket=" + socket(),
            "--skip-networking",
            "--innodb-buffer-pool-size=8M",
            "--innodb-flush-log-at-trx-commit=0",
            "--general-log",
            "--general-log-file=" + directory_ + "/statements.log",
            "--pid-file=" + directory_ + "/pid"};
  }
  bool is_up() override { return log_in("root", "") != nullptr; }
};

class RedisSession final : public Session {
 public:
  explicit RedisSession(std::unique_ptr<connectors::RedisConnection> connection)
      : connection_(std::move(connection)) {}
  bool run(const std::string& statement) override {
    std::vector<std::string> words;
    std::istringstream text(statement);
    for (std::string word; text >> word;) words.push_back(word);
    return connection_->command(words).ok();
  }

 private:
  std::unique_ptr<connectors::RedisConnection> connection_;
};

class RedisServer final : public DatabaseServer {
 public:
  RedisServer() : DatabaseServer("redis", "redis") {
    std::ofstream(directory_ + "/redis.conf")
        << "port 0\nunixsocket " << directory_ << "/socket\nunixsocketperm 777\ndir " << directory_
        << "\nsave \"\"\naclfile " << directory_ << "/users.acl\n";
    std::ofstream(directory_ + "/users.acl")
        << "user default on #" << kOwnerHash << " ~* &* +@all\n";
    std::error_code error;
    std::filesystem::permissions(directory_ + "/users.acl", std::filesystem::perms::all, error);
    launch();
    const auto owner = open("default", "owner");
    must(owner->command({"ACL", "SETUSER", kAdmin, "on", ">" + std::string(kAdminPassword), "+acl",
                         "+client|kill"}));
    must(owner->command({"ACL", "SAVE"}));
  }
  [[nodiscard]] connectors::Kind kind() const override { return connectors::Kind::redis; }
  [[nodiscard]] std::string url() const override {
    return "redis://{{username}}:{{password}}@" + directory_ + "/socket";
  }
  [[nodiscard]] std::vector<std::string> creation() const override {
    return {R"(["~app:*", "+@read", "+ping"])"};
  }
  [[nodiscard]] std::vector<std::string> wrong_creation() const override {
    return {R"(["+ping", "+@nothing_of_this_name"])"};
  }
  [[nodiscard]] std::string harmless() const override { return "PING"; }
  std::unique_ptr<Session> log_in(const std::string& name, const std::string& password) override {
    auto connection = open(name, password);
    if (connection == nullptr) return nullptr;
    return std::make_unique<RedisSession>(std::move(connection));
  }
  void as_owner(const std::string& statement) override {
    const auto session = log_in("default", "owner");
    if (session == nullptr || !session->run(statement)) {
      throw std::runtime_error("Redis' owner can't: " + statement);
    }
  }
  void add_powerless(const std::string& name, const std::string& password) override {
    as_owner("ACL SETUSER " + name + " on >" + password);
  }

 private:
  // SHA-256 of "owner".
  static constexpr const char* kOwnerHash =
      "4c1029697ee358715d3a14a2add817c4b01651440de808371f78165ac90dc581";
  static void must(const Result<connectors::RedisConnection::Reply>& reply) {
    if (!reply.ok()) throw std::runtime_error(describe(reply.error()));
  }
  std::unique_ptr<connectors::RedisConnection> open(const std::string& name,
                                                    const std::string& password) {
    connectors::RedisOptions options;
    options.socket = directory_ + "/socket";
    const SecureBytes bytes = secret(password);
    auto opened = connectors::RedisConnection::open({options, name, bytes, kPatience, kPatience});
    return opened.ok() ? *std::move(opened) : nullptr;
  }
  [[nodiscard]] std::vector<std::string> command() const override {
    return as_user({"redis-server", directory_ + "/redis.conf"});
  }
  bool is_up() override { return open("default", "owner") != nullptr; }
};

}  // namespace

SecureBytes secret(std::string_view text) {
  auto copy = SecureBytes::copy_of(as_bytes(text));
  if (!copy.ok()) throw std::runtime_error(describe(copy.error()));
  return *std::move(copy);
}

void must(const Result<void>& result) {
  if (!result.ok()) throw std::runtime_error(describe(result.error()));
}

DatabaseServer::DatabaseServer(std::string program, std::string user) : user_(std::move(user)) {
  auto made = fakes::make_temporary_directory("coffer-" + program + "-");
  if (!made.ok()) throw std::runtime_error(describe(made.error()));
  directory_ = *made;
  if (::geteuid() != 0) return;
  const passwd* entry = ::getpwnam(user_.c_str());
  if (entry == nullptr || ::chown(directory_.c_str(), entry->pw_uid, entry->pw_gid) != 0) {
    throw std::runtime_error("no user " + user_ + " (scripts/packages-test.txt)");
  }
}

DatabaseServer::~DatabaseServer() {
  stop();
  std::error_code error;
  std::filesystem::remove_all(directory_, error);
}

std::unique_ptr<DatabaseServer> DatabaseServer::start(connectors::Kind kind) {
  switch (kind) {
    case connectors::Kind::postgresql: return std::make_unique<PostgresqlServer>();
    case connectors::Kind::mariadb: return std::make_unique<MariadbServer>();
    case connectors::Kind::redis: return std::make_unique<RedisServer>();
  }
  throw std::runtime_error("no such kind");
}

connectors::TargetConfig DatabaseServer::config() const {
  return {.kind = kind(),
          .connection_url = url(),
          .username = kAdmin,
          .password = secret(kAdminPassword)};
}

std::vector<std::string> DatabaseServer::as_user(std::vector<std::string> argv) const {
  if (::geteuid() != 0) return argv;
  std::vector<std::string> all{"setpriv", "--reuid", user_, "--regid", user_, "--clear-groups"};
  all.insert(all.end(), argv.begin(), argv.end());
  return all;
}

void DatabaseServer::launch() {
  auto started = fakes::ChildProcess::start(command());
  if (!started.ok()) throw std::runtime_error(describe(started.error()));
  process_ = *std::move(started);
  for (int i = 0; i < 3000; ++i) {
    if (is_up()) return;
    std::this_thread::sleep_for(milliseconds(10));
  }
  throw std::runtime_error("the server of " + directory_ + " doesn't come up");
}

void DatabaseServer::signal_all(int signal) const {
  std::vector<pid_t> all;
  with_children(process_->id(), all);
  for (const pid_t each : all) ::kill(each, signal);
}

void DatabaseServer::stop() {
  if (process_ == nullptr) return;
  // The children first: PostgreSQL's would go on for a moment, and hold what the next start needs.
  signal_all(SIGKILL);
  process_.reset();
}

void DatabaseServer::restart() {
  stop();
  launch();
}

/// kill(2) comes back before the threads have stopped.
void DatabaseServer::pause() {
  signal_all(SIGSTOP);
  std::vector<pid_t> all;
  with_children(process_->id(), all);
  for (const pid_t each : all) {
    while (!stands_still(each)) std::this_thread::sleep_for(milliseconds(1));
  }
}
void DatabaseServer::resume() { signal_all(SIGCONT); }

std::string DatabaseServer::statement_log() const {
  std::ifstream file(directory_ + "/statements.log");
  std::ostringstream all;
  all << file.rdbuf();
  return all.str();
}

}  // namespace coffer::contract
