#include "mariadb.h"

#include <algorithm>

#include "mariadb_connection.h"
#include "pool.h"
#include "templates.h"
#include "verifiers.h"

namespace coffer::connectors {
namespace {

using Connection = MariadbConnection;

constexpr std::size_t kLongestName = 80;

/// In mysql.user a name has three bytes a character at most: a question mark would take the place
/// of a longer one, without an error, and the user have a name that nobody asked for.
Result<void> check_account_name(std::string_view name) {
  COFFER_CHECK(check_name(name, kLongestName));
  const bool longer = std::any_of(name.begin(), name.end(),
                                  [](char c) { return static_cast<unsigned char>(c) >= 0xF0; });
  if (!longer) return {};
  return make_error(ErrorCode::invalid_argument,
                    "a user name with a character that MariaDB has none for (over U+FFFF)");
}

/// Such a one is refused as a whole. Of several accounts the others are made or changed all the
/// same, and what a procedure did before it failed nobody knows.
bool is_of_one_account(const Statement& statement, std::string_view begin) {
  const auto& pieces = statement.pieces();
  const auto names = std::count_if(pieces.begin(), pieces.end(), [](const Statement::Piece& piece) {
    return piece.place != Statement::Place::text && piece.placeholder == Placeholder::name;
  });
  if (names != 1) return false;
  std::string_view text = pieces.front().text;
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  const auto same = [](char a, char b) {
    return (a >= 'a' && a <= 'z' ? static_cast<char>(a - 'a' + 'A') : a) == b;
  };
  return text.size() >= begin.size() &&
         std::equal(begin.begin(), begin.end(), text.begin(),
                    [&](char wanted, char given) { return same(given, wanted); });
}

class Mariadb final : public Target {
 public:
  Mariadb(TargetConfig config, MariadbOptions options)
      : config_(std::move(config)),
        options_(std::move(options)),
        pool_(
            config_.max_connections, [this] { return login_as_admin(); }, config_.seats) {}

  void retire() override { pool_.retire(); }

  [[nodiscard]] Result<void> verify() override {
    COFFER_TRY(const auto room, pool_.room(in(config_.statement_timeout)));
    COFFER_TRY(const auto connection, login(admin(), config_.password));
    return connection->execute("SELECT 1");
  }

  [[nodiscard]] Result<void> check(Purpose purpose, Statements statements) const override {
    if (purpose == Purpose::creation && statements.empty()) {
      return make_error(ErrorCode::invalid_argument, "MariaDB has no default for these");
    }
    COFFER_TRY(const auto parsed, parse_templates(Dialect::mariadb, purpose, statements));
    return {};
  }

  [[nodiscard]] std::size_t longest_name() const override { return kLongestName; }

  /// No transaction holds CREATE USER and GRANT together: what fails halfway leaves a user.
  [[nodiscard]] Result<void> create_user(Statements creation, std::string_view name,
                                         const SecureBytes& password, WallTime until) override {
    COFFER_TRY(const std::string hash, native_password_hash(password));
    const std::string expiration = expiration_text(until);
    COFFER_CHECK(check_account_name(name));
    COFFER_TRY(const auto statements,
               parse_templates(Dialect::mariadb, Purpose::creation, creation));
    for (bool again = false;; again = true) {
      auto lent = begin(name);
      if (!lent.ok()) return not_sent(lent.error());
      bool began = false;
      auto made = create(**lent, statements, {name, hash, expiration}, began);
      if (again || made.ok() || began || !(*lent)->is_of_old()) return made;
    }
  }

  [[nodiscard]] Result<void> renew_user(Statements renew, std::string_view name,
                                        WallTime until) override {
    if (renew.empty()) return {};
    const std::string expiration = expiration_text(until);
    COFFER_TRY(auto lent, begin(name));
    return run_on_user(*lent, Purpose::renew, renew, {name, {}, expiration});
  }

  [[nodiscard]] Result<void> set_password(Statements rotation, std::string_view name,
                                          const SecureBytes& password) override {
    COFFER_TRY(const std::string hash, native_password_hash(password));
    return by_rights_of_now(name, [&](Connection& connection) {
      return rotation.empty() ? alter(connection, name, hash)
                              : rotate(connection, rotation, {name, hash, {}});
    });
  }

  /// Whoever has statements of their own says in them how the user shall log in.
  [[nodiscard]] Result<void> check_take_over(Statements rotation, std::string_view name) override {
    if (!rotation.empty()) return {};
    return by_rights_of_now(name,
                            [&](Connection& connection) { return check_way_in(connection, name); });
  }

  [[nodiscard]] Result<void> drop_user(Statements revocation, std::string_view name) override {
    return by_rights_of_now(
        name, [&](Connection& connection) { return drop(connection, revocation, name); });
  }

  [[nodiscard]] Result<void> end_sessions(std::string_view name) override {
    return by_rights_of_now(
        name, [&](Connection& connection) { return kill_sessions(connection, name); });
  }

  [[nodiscard]] Result<void> check_login(std::string_view name,
                                         const SecureBytes& password) override {
    COFFER_CHECK(check_account_name(name));
    COFFER_TRY(const auto room, pool_.room(in(config_.statement_timeout)));
    const auto connection = login(std::string(name), password);
    // The password was right; it is this database that the user may not enter.
    if (!connection.ok() && connection.error().cause.ends_with("error 1044")) return {};
    if (!connection.ok()) return connection.error();
    return {};
  }

  [[nodiscard]] Result<bool> has_user(std::string_view name) override {
    COFFER_TRY(auto lent, begin(name));
    const auto accounts = accounts_of(*lent, name);
    if (!accounts.ok() && accounts.error().code == ErrorCode::not_found) return false;
    if (!accounts.ok()) return accounts.error();
    return true;
  }

  [[nodiscard]] Result<std::vector<std::string>> users(std::string_view prefix) override {
    COFFER_TRY(auto lent, pool_.take(in(config_.statement_timeout)));
    COFFER_TRY(const std::string quoted, lent->in_string(prefix));
    return lent->query("SELECT DISTINCT User FROM mysql.user WHERE LEFT(User, CHAR_LENGTH('" +
                       quoted + "')) = BINARY '" + quoted + "'");
  }

 private:
  [[nodiscard]] std::string admin() const {
    return options_.user.empty() ? config_.username : options_.user;
  }

  [[nodiscard]] Result<std::unique_ptr<Connection>> login(const std::string& name,
                                                          const SecureBytes& password) const {
    return Connection::open(
        {options_, name, password, config_.connect_timeout, config_.statement_timeout});
  }

  [[nodiscard]] Result<std::unique_ptr<Connection>> login_as_admin() const {
    COFFER_TRY(auto connection, login(admin(), config_.password));
    COFFER_CHECK(connection->learn_rights());
    return connection;
  }

  [[nodiscard]] Result<Pool<Connection>::Lent> begin(std::string_view name) {
    COFFER_CHECK(check_account_name(name));
    return pool_.take(in(config_.statement_timeout));
  }

  /// What a session that was kept may not do, one that begins now may: once more, with such a one.
  template <typename Act>
  [[nodiscard]] Result<void> by_rights_of_now(std::string_view name, const Act& act) {
    for (bool again = false;; again = true) {
      COFFER_TRY(auto lent, begin(name));
      Result<void> outcome = act(*lent);
      if (again || outcome.ok() || !lent->is_of_old()) return outcome;
    }
  }

  /// `began`: something of it may stand.
  [[nodiscard]] static Result<void> create(Connection& connection,
                                           const std::vector<Statement>& statements,
                                           const Values& values, bool& began) {
    for (const Statement& statement : statements) {
      const auto done = run_one(connection, statement, values);
      if (done.ok()) {
        began = true;
        continue;
      }
      Error error = done.error();
      const bool whole = is_of_one_account(statement, "CREATE USER ");
      if (!began && whole && error.cause.ends_with("error 1396")) {
        return make_error(ErrorCode::conflict, "MariaDB has a user of this name already",
                          error.cause);
      }
      began = began || !whole;
      // These two say that nothing was sent: what a statement gives that the others came before
      // doesn't.
      const bool early =
          error.code == ErrorCode::unauthenticated || error.code == ErrorCode::invalid_argument;
      if (early) error.code = ErrorCode::precondition;
      return error;
    }
    return {};
  }

  [[nodiscard]] static Result<void> alter(Connection& connection, std::string_view name,
                                          const std::string& hash) {
    COFFER_TRY(const auto accounts, accounts_of(connection, name));
    COFFER_CHECK(check_way_in(connection, name));
    for (const std::string& account : accounts) {
      const auto changed =
          connection.execute("ALTER USER " + account + " IDENTIFIED BY PASSWORD '" + hash + "'");
      if (!changed.ok()) return &account == &accounts.front() ? changed : in_part(changed.error());
    }
    return {};
  }

  /// IDENTIFIED BY puts an account on mysql_native_password and nothing else, whatever it had.
  [[nodiscard]] static Result<void> check_way_in(Connection& connection, std::string_view name) {
    COFFER_TRY(const std::string quoted, connection.in_string(name));
    const std::string of_user = " WHERE User = BINARY '" + quoted + "' AND ";
    auto other = connection.query("SELECT Host FROM mysql.global_priv" + of_user +
                                  "(JSON_EXISTS(Priv, '$.auth_or') OR IFNULL(JSON_VALUE(Priv, "
                                  "'$.plugin'), '') NOT IN ('', 'mysql_native_password'))");
    // Of several ways in, the view for which docs/database.md asks at least has one.
    if (!other.ok() && other.error().code == ErrorCode::precondition) {
      other = connection.query("SELECT Host FROM mysql.user" + of_user +
                               "plugin NOT IN ('', 'mysql_native_password')");
    }
    if (!other.ok()) return other.error();
    if (other->empty()) return {};
    return make_error(
        ErrorCode::precondition,
        "logs in by another plugin than mysql_native_password, or by several, which a "
        "new password would take away: only statements of your own may do that");
  }

  /// One that can't be locked keeps no other open.
  [[nodiscard]] static Result<void> lock(Connection& connection, Statements revocation,
                                         const std::vector<std::string>& accounts) {
    Result<void> outcome;
    for (const std::string& account : accounts) {
      auto locked = connection.execute("ALTER USER IF EXISTS " + account + " ACCOUNT LOCK");
      const bool left_to_statements =
          !locked.ok() && !revocation.empty() && is_missing_right(locked.error());
      if (!locked.ok() && !left_to_statements && outcome.ok()) outcome = std::move(locked);
    }
    return outcome;
  }

  [[nodiscard]] static Result<void> drop(Connection& connection, Statements revocation,
                                         std::string_view name) {
    COFFER_TRY(const auto accounts, accounts_of(connection, name));
    // Locked, nobody logs in any more; then the sessions end; and only then is the user gone: what
    // fails on the way is done again, for the user is still there. A session that holds a lock for
    // which the first waits ends with the second, so the first comes once more.
    auto locked = lock(connection, revocation, accounts);
    COFFER_CHECK(kill_sessions(connection, name));
    if (!locked.ok()) locked = lock(connection, revocation, accounts);
    COFFER_CHECK(std::move(locked));
    if (!revocation.empty()) {
      COFFER_CHECK(run(connection, Purpose::revocation, revocation, {name}));
      return kill_sessions(connection, name);
    }
    for (const std::string& account : accounts) {
      COFFER_CHECK(connection.execute("DROP USER IF EXISTS " + account));
    }
    return {};
  }

  /// 'name'@'host', quoted, for each host that it has an account for. not_found: none.
  [[nodiscard]] static Result<std::vector<std::string>> accounts_of(Connection& connection,
                                                                    std::string_view name) {
    COFFER_TRY(const std::string quoted, connection.in_string(name));
    COFFER_TRY(
        const auto hosts,
        connection.query("SELECT Host FROM mysql.user WHERE User = BINARY '" + quoted + "'"));
    if (hosts.empty()) return make_error(ErrorCode::not_found, "MariaDB has no such user");
    std::vector<std::string> accounts;
    for (const std::string& host : hosts) {
      COFFER_TRY(const std::string at, connection.in_string(host));
      accounts.push_back("'" + quoted + "'@'" + at + "'");
    }
    return accounts;
  }

  [[nodiscard]] static Result<void> kill_sessions(Connection& connection, std::string_view name) {
    if (!connection.may_kill()) {
      return make_error(ErrorCode::precondition,
                        "MariaDB: insufficient privilege: CONNECTION ADMIN, to end sessions");
    }
    COFFER_TRY(const std::string quoted, connection.in_string(name));
    return connection.execute("KILL HARD CONNECTION USER '" + quoted + "'");
  }

  /// No transaction holds changes of passwords: after one of several that was refused, the new one
  /// may be in force.
  [[nodiscard]] static Error in_part(Error error) {
    if (error.code != ErrorCode::precondition) return error;
    error.code = ErrorCode::unavailable;
    error.text += ", after it had done a part of what was asked";
    return error;
  }

  [[nodiscard]] static Result<void> rotate(Connection& connection, Statements templates,
                                           const Values& values) {
    COFFER_TRY(const auto statements,
               parse_templates(Dialect::mariadb, Purpose::rotation, templates));
    for (const Statement& statement : statements) {
      auto done = run_one(connection, statement, values);
      if (done.ok()) continue;
      const bool whole = is_of_one_account(statement, "ALTER USER ") ||
                         is_of_one_account(statement, "SET PASSWORD ");
      if (&statement != &statements.front() || !whole) return in_part(done.error());
      return found_missing(connection, values, std::move(done));
    }
    return {};
  }

  [[nodiscard]] static Result<void> run(Connection& connection, Purpose purpose,
                                        Statements templates, const Values& values) {
    COFFER_TRY(const auto statements, parse_templates(Dialect::mariadb, purpose, templates));
    for (const Statement& statement : statements) {
      COFFER_CHECK(run_one(connection, statement, values));
    }
    return {};
  }

  [[nodiscard]] static Result<void> run_one(Connection& connection, const Statement& statement,
                                            const Values& values) {
    COFFER_TRY(std::string sql, statement.render(values, connection));
    auto outcome = connection.execute_of_others(sql);
    wipe(sql);
    return outcome;
  }

  /// A missing user gives the same error as others, so it is asked for.
  [[nodiscard]] static Result<void> run_on_user(Connection& connection, Purpose purpose,
                                                Statements templates, const Values& values) {
    return found_missing(connection, values, run(connection, purpose, templates, values));
  }

  [[nodiscard]] static Result<void> found_missing(Connection& connection, const Values& values,
                                                  Result<void> outcome) {
    if (outcome.ok() || outcome.error().code != ErrorCode::precondition) return outcome;
    COFFER_TRY(const auto accounts, accounts_of(connection, values.name));
    return outcome;
  }

  const TargetConfig config_;
  const MariadbOptions options_;
  Pool<Connection> pool_;
};

}  // namespace

Result<std::unique_ptr<Target>> make_mariadb(TargetConfig config) {
  COFFER_TRY(auto options, parse_mariadb_url(config.connection_url));
  COFFER_TRY(options.authorities, authorities_file(config.tls_ca));
  if (options.authorities != nullptr) {
    if (options.tls_given && options.tls != MariadbOptions::Tls::verified) {
      return make_error(ErrorCode::invalid_argument,
                        "field \"connection_url\": with field \"tls_ca\" wanted tls=true");
    }
    options.tls = MariadbOptions::Tls::verified;
  }
  return std::unique_ptr<Target>(std::make_unique<Mariadb>(std::move(config), std::move(options)));
}

}  // namespace coffer::connectors
