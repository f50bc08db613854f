#include "redis.h"

#include "pool.h"
#include "redis_connection.h"
#include "redis_rules.h"
#include "templates.h"
#include "verifiers.h"

namespace coffer::connectors {
namespace {

using Connection = RedisConnection;
using Words = std::vector<std::string>;

constexpr std::size_t kLongestName = 256;
constexpr std::string_view kAclFile = "ACLFILE";

class Redis final : public Target {
 public:
  Redis(TargetConfig config, RedisOptions options)
      : config_(std::move(config)),
        options_(std::move(options)),
        pool_(
            config_.max_connections, [this] { return login(config_.username, config_.password); },
            config_.seats) {}

  void retire() override { pool_.retire(); }

  [[nodiscard]] Result<void> verify() override {
    COFFER_TRY(const auto room, pool_.room(in(config_.statement_timeout)));
    COFFER_TRY(const auto connection, login(config_.username, config_.password));
    COFFER_TRY(const auto reply, connection->command({"ACL", "WHOAMI"}));
    return {};
  }

  [[nodiscard]] Result<void> verify_fit() override {
    COFFER_CHECK(verify());
    if (config_.persistence_mode.empty()) return {};
    COFFER_TRY(auto lent, pool_.take(in(config_.statement_timeout)));
    const auto saved = save(*lent);
    const bool is_for_file = config_.persistence_mode == kAclFile;
    if (saved.ok() && !is_for_file) return unfit("the server has an aclfile: wanted ACLFILE");
    if (saved.ok()) return {};
    const bool none = says_no_acl_file(saved.error());
    if (none && is_for_file) return unfit("the server has no aclfile: wanted REWRITE");
    // A right that is missing shows when the first role is written.
    if (none || saved.error().code == ErrorCode::precondition) return {};
    return saved.error();
  }

  [[nodiscard]] Result<void> check(Purpose purpose, Statements statements) const override {
    if (purpose != Purpose::creation) {
      if (statements.empty()) return {};
      return make_error(ErrorCode::invalid_argument, "Redis has no statements for this");
    }
    COFFER_TRY(const auto rules, parse_rules(statements));
    return {};
  }

  [[nodiscard]] std::size_t longest_name() const override { return kLongestName; }

  /// One command: all of it or nothing, but that Redis then fails to write it down. A user that is
  /// there already is refused, not changed.
  [[nodiscard]] Result<void> create_user(Statements creation, std::string_view name,
                                         const SecureBytes& password, WallTime) override {
    COFFER_TRY(const auto rules, parse_rules(creation));
    COFFER_TRY(const std::string hash, redis_password_hash(password));
    auto lent = begin(name);
    if (!lent.ok()) return not_sent(lent.error());
    const auto there = is_there(**lent, name);
    if (!there.ok()) return not_sent(there.error());
    if (*there) return make_error(ErrorCode::conflict, "Redis has a user of this name already");
    Words words{"ACL", "SETUSER", std::string(name), "reset", "on", hash};
    words.insert(words.end(), rules.begin(), rules.end());
    COFFER_TRY(const auto reply, (*lent)->command(words));
    return persist(**lent);
  }

  [[nodiscard]] Result<void> renew_user(Statements renew, std::string_view, WallTime) override {
    return check(Purpose::renew, renew);
  }

  /// Redis itself closes the connections of a user that it deletes.
  [[nodiscard]] Result<void> drop_user(Statements revocation, std::string_view name) override {
    COFFER_CHECK(check(Purpose::revocation, revocation));
    COFFER_TRY(auto lent, begin(name));
    COFFER_TRY(const auto reply, lent->command({"ACL", "DELUSER", std::string(name)}));
    COFFER_CHECK(persist(*lent));
    if (reply.text == "0") return no_such_user();
    return {};
  }

  [[nodiscard]] Result<void> end_sessions(std::string_view name) override {
    COFFER_TRY(auto lent, begin(name));
    COFFER_TRY(const bool there, is_there(*lent, name));
    if (!there) return {};
    // This connection may be the user's own.
    COFFER_TRY(const auto reply,
               lent->command({"CLIENT", "KILL", "USER", std::string(name), "SKIPME", "yes"}));
    return {};
  }

  [[nodiscard]] Result<void> set_password(Statements rotation, std::string_view name,
                                          const SecureBytes& password) override {
    COFFER_CHECK(check(Purpose::rotation, rotation));
    COFFER_TRY(const std::string hash, redis_password_hash(password));
    COFFER_TRY(auto lent, begin(name));
    // SETUSER would make it.
    COFFER_TRY(const bool there, is_there(*lent, name));
    if (!there) return no_such_user();
    // One that stays in memory is forgotten with the next crash, and who knows the one in the file
    // then? Whether this can be written down shows before.
    COFFER_CHECK(persist(*lent));
    COFFER_TRY(const auto reply,
               lent->command({"ACL", "SETUSER", std::string(name), "resetpass", hash}));
    auto kept = persist(*lent);
    if (kept.ok()) return kept;
    // The new password is in force, whatever Redis says of its file.
    Error error = kept.error();
    error.code = ErrorCode::unavailable;
    return error;
  }

  [[nodiscard]] Result<void> check_login(std::string_view name,
                                         const SecureBytes& password) override {
    COFFER_CHECK(check_name(name, kLongestName));
    COFFER_TRY(const auto room, pool_.room(in(config_.statement_timeout)));
    COFFER_TRY(const auto connection, login(std::string(name), password));
    return {};
  }

  [[nodiscard]] Result<bool> has_user(std::string_view name) override {
    COFFER_TRY(auto lent, begin(name));
    return is_there(*lent, name);
  }

  [[nodiscard]] Result<std::vector<std::string>> users(std::string_view prefix) override {
    COFFER_TRY(auto lent, pool_.take(in(config_.statement_timeout)));
    COFFER_TRY(auto reply, lent->command({"ACL", "USERS"}));
    std::erase_if(reply.elements,
                  [&](const std::string& name) { return !name.starts_with(prefix); });
    return std::move(reply.elements);
  }

 private:
  [[nodiscard]] static Error no_such_user() {
    return make_error(ErrorCode::not_found, "Redis has no such user");
  }

  [[nodiscard]] Result<std::unique_ptr<Connection>> login(const std::string& name,
                                                          const SecureBytes& password) const {
    return Connection::open(
        {options_, name, password, config_.connect_timeout, config_.statement_timeout});
  }

  /// Spaces and NULs are no part of a name for Redis; the latter check_name() refuses.
  [[nodiscard]] Result<Pool<Connection>::Lent> begin(std::string_view name) {
    COFFER_CHECK(check_name(name, kLongestName));
    if (name.find(' ') != std::string_view::npos) {
      return make_error(ErrorCode::invalid_argument, "a user name with a space, for Redis");
    }
    return pool_.take(in(config_.statement_timeout));
  }

  [[nodiscard]] static Result<bool> is_there(Connection& connection, std::string_view name) {
    COFFER_TRY(const auto reply, connection.command({"ACL", "GETUSER", std::string(name)}));
    return !reply.nil;
  }

  [[nodiscard]] static Result<Connection::Reply> save(Connection& connection) {
    return connection.command({"ACL", "SAVE"});
  }

  [[nodiscard]] static Error unfit(std::string_view why) {
    return make_error(ErrorCode::invalid_argument,
                      "field \"persistence_mode\": " + std::string(why));
  }

  /// Users are in memory alone unless Redis is told to write them down. Where it has an aclfile
  /// CONFIG REWRITE says OK and leaves them out, so ACL SAVE comes first in either mode: without
  /// such a file it does nothing.
  [[nodiscard]] Result<void> persist(Connection& connection) const {
    if (config_.persistence_mode.empty()) return {};
    const auto saved = save(connection);
    if (saved.ok()) return {};
    const bool is_for_file = config_.persistence_mode == kAclFile;
    if (is_for_file || saved.error().code != ErrorCode::precondition) return saved.error();
    COFFER_TRY(const auto reply, connection.command({"CONFIG", "REWRITE"}));
    return {};
  }

  const TargetConfig config_;
  const RedisOptions options_;
  Pool<Connection> pool_;
};

}  // namespace

Result<std::unique_ptr<Target>> make_redis(TargetConfig config) {
  if (!config.persistence_mode.empty() && config.persistence_mode != kAclFile &&
      config.persistence_mode != "REWRITE") {
    return make_error(ErrorCode::invalid_argument,
                      "field \"persistence_mode\": wanted ACLFILE, REWRITE or nothing");
  }
  if (!config.tls_ca.empty()) {
    return make_error(ErrorCode::invalid_argument,
                      "field \"tls_ca\": no TLS to Redis: use a tunnel, or its socket");
  }
  COFFER_TRY(auto options, parse_redis_url(config.connection_url));
  return std::unique_ptr<Target>(std::make_unique<Redis>(std::move(config), std::move(options)));
}

}  // namespace coffer::connectors
