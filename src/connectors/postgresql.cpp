#include "postgresql.h"

#include "memory_file.h"
#include "pool.h"
#include "postgresql_connection.h"
#include "postgresql_options.h"
#include "templates.h"
#include "verifiers.h"

namespace coffer::connectors {
namespace {

using Connection = PostgresqlConnection;

constexpr std::size_t kNone = 0;          // of the statements are ours
constexpr std::size_t kLongestName = 63;  // NAMEDATALEN - 1: longer ones are cut, with a notice

/// "coffer", as a number: the advisory lock of those who collided.
constexpr std::int64_t kCollisionLock = 0x636f66666572;

/// Who it is, and in which other databases something depends on it. `$1` is the name.
constexpr const char* kFindUser =
    "SELECT r.oid::text, me.rolsuper::text, coalesce(o.datname, '') FROM pg_catalog.pg_roles r "
    "JOIN pg_catalog.pg_roles me ON me.rolname = current_user "
    "LEFT JOIN (SELECT DISTINCT s.refobjid, d.datname FROM pg_catalog.pg_shdepend s "
    "JOIN pg_catalog.pg_database d ON d.oid = s.dbid WHERE s.refclassid = 1260 "
    "AND d.datname <> pg_catalog.current_database()) o ON o.refobjid = r.oid WHERE r.rolname = $1";

/// Which roles make a user a member of the administrator, himself or those that are his members.
/// `$1` is the user's oid. pg_has_role() won't do: to it a superuser is a member of everyone.
constexpr const char* kFindWaysToAdmin =
    "WITH RECURSIVE members(oid) AS (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = "
    "current_user UNION SELECT m.member FROM pg_catalog.pg_auth_members m "
    "JOIN members ON members.oid = m.roleid) "
    "SELECT DISTINCT pg_catalog.quote_ident(r.rolname) FROM pg_catalog.pg_auth_members m "
    "JOIN members ON members.oid = m.roleid JOIN pg_catalog.pg_roles r ON r.oid = m.roleid "
    "WHERE m.member = $1::oid";

struct FoundUser {
  std::string oid;
  bool admin_is_superuser = false;
  std::vector<std::string> other_databases;
};

std::string end_sessions_sql(const std::string& oid) {
  return "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE "
         "usesysid = " +
         oid + " AND pid <> pg_catalog.pg_backend_pid()";
}

bool is_locked(const Error& error) {
  return error.cause.find("SQLSTATE 55P03") != error.cause.npos;
}
bool is_circular(const Error& error) {
  return error.cause.find("SQLSTATE 0LP01") != error.cause.npos;
}

class Postgresql final : public Target {
 public:
  Postgresql(TargetConfig config, PqOptions options, std::shared_ptr<const MemoryFile> authorities)
      : config_(std::move(config)),
        options_(std::move(options)),
        authorities_(std::move(authorities)),
        pool_(
            config_.max_connections, [this] { return login(config_.username, config_.password); },
            config_.seats) {}

  void retire() override { pool_.retire(); }

  [[nodiscard]] Result<void> verify() override {
    COFFER_TRY(const auto room, pool_.room(deadline()));
    COFFER_TRY(const auto connection, login(config_.username, config_.password));
    return connection->execute("SELECT 1", deadline());
  }

  [[nodiscard]] Result<void> check(Purpose purpose, Statements statements) const override {
    if (purpose == Purpose::creation && statements.empty()) {
      return make_error(ErrorCode::invalid_argument, "PostgreSQL has no default for these");
    }
    COFFER_TRY(const auto parsed, parse_templates(Dialect::postgresql, purpose, statements));
    return {};
  }

  [[nodiscard]] std::size_t longest_name() const override { return kLongestName; }

  [[nodiscard]] Result<void> create_user(Statements creation, std::string_view name,
                                         const SecureBytes& password, WallTime until) override {
    COFFER_TRY(const std::string verifier, scram_verifier(password));
    const std::string expiration = expiration_text(until);
    COFFER_CHECK(check_name(name, kLongestName));
    auto lent = pool_.take(deadline());
    if (!lent.ok()) return not_sent(lent.error());
    auto made = run_on(**lent, Purpose::creation, creation, {name, verifier, expiration});
    if (made.ok() || !is_taken(made.error(), creation)) return made;
    return make_error(ErrorCode::conflict, "PostgreSQL has a user of this name already",
                      made.error().cause);
  }

  [[nodiscard]] Result<void> renew_user(Statements renew, std::string_view name,
                                        WallTime until) override {
    static const std::string by_default[] = {
        "ALTER ROLE \"{{name}}\" VALID UNTIL '{{expiration}}'"};
    const std::string expiration = expiration_text(until);
    return run_on_user(Purpose::renew, renew.empty() ? by_default : renew, {name, {}, expiration});
  }

  [[nodiscard]] Result<void> set_password(Statements rotation, std::string_view name,
                                          const SecureBytes& password) override {
    static const std::string by_default[] = {
        "ALTER ROLE \"{{name}}\" WITH PASSWORD '{{password}}'"};
    COFFER_TRY(const std::string verifier, scram_verifier(password));
    return run_on_user(Purpose::rotation, rotation.empty() ? by_default : rotation,
                       {name, verifier, {}});
  }

  [[nodiscard]] Result<void> drop_user(Statements revocation, std::string_view name) override {
    COFFER_CHECK(check_name(name, kLongestName));
    FoundUser user;
    std::string role = "\"";
    {
      COFFER_TRY(auto lent, pool_.take(deadline()));
      COFFER_TRY(user, find(*lent, name));
      COFFER_TRY(const std::string quoted, lent->in_identifier(name));
      role.append(quoted).append("\"");
      if (!revocation.empty()) return revoke_by_statements(*lent, revocation, {role, user, name});
      COFFER_CHECK(close(*lent, role, user));
    }
    // Objects are given to the administrator, never dropped; DROP OWNED then takes the privileges.
    const std::string give =
        "REASSIGN OWNED BY " + role + " TO CURRENT_USER; DROP OWNED BY " + role;
    for (const std::string& database : user.other_databases) {
      COFFER_TRY(const auto room, pool_.room(deadline()));
      COFFER_TRY(const auto other, login(config_.username, config_.password, database));
      COFFER_CHECK(settle(*other, give));
    }
    // Whoever was about to log in before it was closed is in by now.
    COFFER_TRY(auto lent, pool_.take(deadline()));
    return settle(*lent, end_sessions_sql(user.oid) + "; " + give + "; DROP ROLE " + role);
  }

  [[nodiscard]] Result<void> end_sessions(std::string_view name) override {
    COFFER_CHECK(check_name(name, kLongestName));
    COFFER_TRY(auto lent, pool_.take(deadline()));
    const auto user = find(*lent, name);
    if (!user.ok() && user.error().code == ErrorCode::not_found) return {};
    if (!user.ok()) return user.error();
    auto ended = lent->execute(end_sessions_sql(user->oid), deadline());
    if (ended.ok() || ended.error().code != ErrorCode::precondition) return ended;
    // Only a member may. This one isn't, or it had been let; and it doesn't stay one.
    COFFER_TRY(const std::string quoted, lent->in_identifier(name));
    return settle(*lent, "GRANT \"" + quoted + "\" TO CURRENT_USER; " +
                             end_sessions_sql(user->oid) + "; REVOKE \"" + quoted +
                             "\" FROM CURRENT_USER");
  }

  [[nodiscard]] Result<void> check_login(std::string_view name,
                                         const SecureBytes& password) override {
    COFFER_CHECK(check_name(name, kLongestName));
    COFFER_TRY(const auto room, pool_.room(deadline()));
    const auto connection = login(std::string(name), password);
    // The password was right; it is this database that the user may not enter.
    if (!connection.ok() && connection.error().cause.ends_with("42501")) return {};
    if (!connection.ok()) return connection.error();
    return {};
  }

  [[nodiscard]] Result<bool> has_user(std::string_view name) override {
    COFFER_CHECK(check_name(name, kLongestName));
    COFFER_TRY(auto lent, pool_.take(deadline()));
    COFFER_TRY(const auto rows, lent->query("SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = $1",
                                            {std::string(name)}, deadline()));
    return !rows.empty();
  }

  [[nodiscard]] Result<std::vector<std::string>> users(std::string_view prefix) override {
    COFFER_TRY(auto lent, pool_.take(deadline()));
    COFFER_TRY(const auto rows, lent->query("SELECT rolname FROM pg_catalog.pg_roles WHERE "
                                            "pg_catalog.starts_with(rolname::text, $1)",
                                            {std::string(prefix)}, deadline()));
    std::vector<std::string> names;
    names.reserve(rows.size());
    for (const auto& row : rows) names.push_back(row[0]);
    return names;
  }

 private:
  [[nodiscard]] Deadline deadline() const { return in(config_.statement_timeout); }

  [[nodiscard]] Result<std::unique_ptr<Connection>> login(const std::string& name,
                                                          const SecureBytes& password,
                                                          std::string_view database = {}) const {
    PqOptions options = login_options(options_, name, password, database);
    auto opened = Connection::open(options, in(config_.connect_timeout), config_.statement_timeout);
    wipe_password(options);
    return opened;
  }

  [[nodiscard]] Result<FoundUser> find(Connection& connection, std::string_view name) const {
    COFFER_TRY(const auto rows, connection.query(kFindUser, {std::string(name)}, deadline()));
    if (rows.empty()) return make_error(ErrorCode::not_found, "PostgreSQL has no such user");
    FoundUser user{.oid = rows.front()[0],
                   .admin_is_superuser = rows.front()[1] == "true",
                   .other_databases = {}};
    for (const auto& row : rows) {
      if (!row[2].empty()) user.other_databases.push_back(row[2]);
    }
    return user;
  }

  /// All statements as one text: the simple query protocol makes one transaction of it.
  [[nodiscard]] Result<std::string> text_of(const Connection& connection, Purpose purpose,
                                            Statements templates, const Values& values) const {
    COFFER_TRY(const auto statements, parse_templates(Dialect::postgresql, purpose, templates));
    std::string sql;
    for (const Statement& statement : statements) {
      COFFER_TRY(const std::string one, statement.render(values, connection));
      sql.append(one).append(";\n");
    }
    return sql;
  }

  /// Once more when it collided, and then in line with others who do the same: a lock of its own
  /// from the first time on would take the server's group commit away.
  [[nodiscard]] Result<void> settle(Connection& connection, const std::string& sql,
                                    std::size_t ours = Connection::kAll) const {
    const Deadline until = deadline();
    auto outcome = connection.execute(sql, until, ours);
    const std::string in_line =
        "SELECT pg_catalog.pg_advisory_xact_lock(" + std::to_string(kCollisionLock) + "); " + sql;
    while (!outcome.ok() && is_collision(outcome.error()) && milliseconds_until(until) > 0) {
      outcome = connection.execute(in_line, until, ours == 0 ? 1 : ours);
    }
    return outcome;
  }

  [[nodiscard]] Result<void> run(Purpose purpose, Statements templates, const Values& values) {
    COFFER_CHECK(check_name(values.name, kLongestName));
    COFFER_TRY(auto lent, pool_.take(deadline()));
    return run_on(*lent, purpose, templates, values);
  }

  [[nodiscard]] Result<void> run_on(Connection& connection, Purpose purpose, Statements templates,
                                    const Values& values) const {
    COFFER_TRY(std::string sql, text_of(connection, purpose, templates, values));
    auto outcome = settle(connection, sql, kNone);
    wipe(sql);
    return outcome;
  }

  /// Whether it is the first statement with the name in it that found one there: a later one may
  /// have found what this creation itself has made, if the statements commit on their way.
  [[nodiscard]] static bool is_taken(const Error& error, Statements creation) {
    const auto parsed = parse_templates(Dialect::postgresql, Purpose::creation, creation);
    if (!parsed.ok()) return false;
    std::size_t number = 1;
    for (const Statement& statement : *parsed) {
      if (placeholders({&statement, 1}).contains(Placeholder::name)) break;
      ++number;
    }
    return error.cause.ends_with("SQLSTATE 42710 in statement " + std::to_string(number));
  }

  /// A missing role has the same SQLSTATE as any missing object, so it is asked for.
  [[nodiscard]] Result<void> run_on_user(Purpose purpose, Statements templates,
                                         const Values& values) {
    auto outcome = run(purpose, templates, values);
    if (outcome.ok() || outcome.error().code != ErrorCode::precondition) return outcome;
    COFFER_TRY(const bool there, has_user(values.name));
    if (!there) return make_error(ErrorCode::not_found, "PostgreSQL has no such user");
    return outcome;
  }

  /// As a rule at once. What can't be done at once is done one by one, so that whoever can hinder
  /// one of them (by a membership that is refused then, or as a session that holds its own role's
  /// row locked) hinders no other: that nobody logs in any more stands by itself.
  [[nodiscard]] Result<void> close(Connection& connection, const std::string& role,
                                   const FoundUser& user) const {
    const std::string shut = "ALTER ROLE " + role + " NOLOGIN";
    // Only a member of a role may give away or drop what it owns, and end its sessions.
    const std::string join =
        user.admin_is_superuser ? std::string() : "GRANT " + role + " TO CURRENT_USER; ";
    const std::string end = join + end_sessions_sql(user.oid);
    auto at_once = settle(connection, shut + "; " + end);
    if (at_once.ok()) return at_once;
    auto closed = is_locked(at_once.error()) ? at_once : settle(connection, shut);
    auto ended = settle(connection, end);
    if (!ended.ok() && is_circular(ended.error()) && leave(connection, role, user).ok()) {
      ended = settle(connection, end);
    }
    // The lock went with its session.
    if (!closed.ok()) closed = settle(connection, shut);
    return closed.ok() ? ended : closed;
  }

  /// Whoever is the administrator's member can't have him as one.
  [[nodiscard]] Result<void> leave(Connection& connection, const std::string& role,
                                   const FoundUser& user) const {
    COFFER_TRY(const auto rows, connection.query(kFindWaysToAdmin, {user.oid}, deadline()));
    std::string sql;
    for (const auto& row : rows) sql += "REVOKE " + row[0] + " FROM " + role + "; ";
    return settle(connection, sql);
  }

  struct Revoked {
    const std::string& role;
    const FoundUser& user;
    std::string_view name;
  };
  /// Sessions end first: when the role is gone, only a superuser may end them. An administrator who
  /// may not alter the role (its statements call a function that may) ends them afterwards, or
  /// fails.
  [[nodiscard]] Result<void> revoke_by_statements(Connection& connection, Statements revocation,
                                                  const Revoked& revoked) {
    const auto closed = close(connection, revoked.role, revoked.user);
    if (!closed.ok() && closed.error().code != ErrorCode::precondition) return closed.error();
    COFFER_TRY(const std::string sql,
               text_of(connection, Purpose::revocation, revocation, {revoked.name}));
    COFFER_CHECK(settle(connection, sql, kNone));
    if (closed.ok()) return {};
    return connection.execute(end_sessions_sql(revoked.user.oid), deadline());
  }

  const TargetConfig config_;
  const PqOptions options_;
  const std::shared_ptr<const MemoryFile> authorities_;  // options_ name it
  Pool<Connection> pool_;
};

}  // namespace

Result<std::unique_ptr<Target>> make_postgresql(TargetConfig config) {
  COFFER_TRY(auto options, parse_postgresql_url(config.connection_url));
  COFFER_TRY(auto authorities, authorities_file(config.tls_ca));
  if (authorities != nullptr) COFFER_CHECK(trust(options, authorities->path()));
  return std::unique_ptr<Target>(
      std::make_unique<Postgresql>(std::move(config), std::move(options), std::move(authorities)));
}

}  // namespace coffer::connectors
