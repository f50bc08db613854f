// A database (or another outside system) whose users the vault makes and ends. One interface for
// PostgreSQL, MariaDB and Redis; tests/contract/target_contract.h says what all of them promise.
//
// Errors, for callers to act on:
//   unavailable       not reached, busy, a deadline passed, or the connection was lost: what was
//                     asked for may have happened or not. Ask again.
//   precondition      the database understood, and refused: a missing right, wrong syntax, objects
//                     that depend. Asking again won't help. What create_user did before, in a
//                     database without transactions, may stand.
//   not_found         there is no such user. Whoever wanted it gone is done.
//   conflict          create_user: a user of this name is there already, and was left as it is.
//   resource_exhausted  create_user: no connection could be had, so nothing was sent.
//   unauthenticated   wrong user name or password at a login.
//   invalid_argument  a template, URL or value is refused before anything is sent.
// Texts name neither values nor what the server said, for that may quote a statement; a cause has
// its code (SQLSTATE, MariaDB's number).
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/base/clock.h"
#include "coffer/base/secure_bytes.h"

namespace coffer::connectors {

enum class Kind : std::uint8_t { postgresql, mariadb, redis };

/// Which template a list of statements is: it tells which placeholders may be in it.
enum class Purpose : std::uint8_t { creation, revocation, rollback, renew, rotation };

inline constexpr std::size_t kMostConnections = 8;  ///< of one target, logins on trial included
inline constexpr std::size_t kMaxAuthorities =
    std::size_t{64} * 1024;  ///< bytes of TargetConfig::tls_ca

/// The connections of all Targets that share it are kMostConnections at most, as of one: for a
/// Target that takes the place of another while that is still at work. Thread-safe.
struct Seats;
[[nodiscard]] std::shared_ptr<Seats> make_seats();

struct TargetConfig {
  Kind kind = Kind::postgresql;
  /// PostgreSQL: a libpq URI or "key=value …". MariaDB: Go's DSN,
  /// "user:password@tcp(host:port)/db". Redis: "redis://host:port", "redis:///path/of/socket".
  /// {{username}} and {{password}} are filled in after it was taken apart, so no character of
  /// theirs has a meaning.
  std::string connection_url{};
  std::string username{};  ///< the administrator's
  SecureBytes password{};  ///< may be empty: peer authentication, an open Redis
  std::size_t max_connections = 4;
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds statement_timeout{10000};
  /// Redis: "", "ACLFILE" (ACL SAVE after each change) or "REWRITE" (CONFIG REWRITE).
  std::string persistence_mode{};
  /// PostgreSQL, MariaDB: certificates in PEM. The server's must come from one of these and bear
  /// its host's name, else there is no connection. Empty: as the URL says.
  std::string tls_ca{};
  std::shared_ptr<Seats> seats{};  ///< empty: its own
};

using Statements = std::span<const std::string>;

/// Thread-safe; at most TargetConfig::max_connections at work at once, others wait their turn for
/// statement_timeout. Blocks: for the slow lane alone.
class Target {
 public:
  virtual ~Target() = default;

  /// Another takes its place: it closes what it keeps, now and whenever somebody is done. It goes
  /// on for those who still have it.
  virtual void retire() {}

  /// Logs in anew as the administrator.
  [[nodiscard]] virtual Result<void> verify() = 0;
  /// The same, and whether the server is one that the configuration fits: invalid_argument names
  /// the field.
  [[nodiscard]] virtual Result<void> verify_fit() { return verify(); }
  /// Parses, without a connection: invalid_argument with the reason. Empty is the default of the
  /// purpose, where there is one.
  [[nodiscard]] virtual Result<void> check(Purpose purpose, Statements statements) const = 0;
  /// Bytes; longer names are refused, for a server would cut them.
  [[nodiscard]] virtual std::size_t longest_name() const = 0;

  /// All of it or nothing, where the database has transactions for it (PostgreSQL).
  [[nodiscard]] virtual Result<void> create_user(Statements creation, std::string_view name,
                                                 const SecureBytes& password, WallTime until) = 0;
  /// Empty: PostgreSQL moves VALID UNTIL, the others keep no time.
  [[nodiscard]] virtual Result<void> renew_user(Statements renew, std::string_view name,
                                                WallTime until) = 0;
  /// The user is gone, its sessions are over. Empty: what it owns goes to the administrator, its
  /// rights are taken, it is dropped. With statements they do that, and its sessions end after
  /// them.
  [[nodiscard]] virtual Result<void> drop_user(Statements revocation, std::string_view name) = 0;
  /// Its sessions are over; it may log in anew. No such user isn't an error.
  [[nodiscard]] virtual Result<void> end_sessions(std::string_view name) = 0;
  /// Another password of a user that is there. Sessions stay. Refused (precondition, not_found):
  /// the old one is in force.
  [[nodiscard]] virtual Result<void> set_password(Statements rotation, std::string_view name,
                                                  const SecureBytes& password) = 0;
  /// Before somebody else's user is taken over: precondition, with the reason, where set_password()
  /// would be refused because it changed more of how the user logs in than its password.
  [[nodiscard]] virtual Result<void> check_take_over(Statements /*rotation*/,
                                                     std::string_view /*name*/) {
    return {};
  }
  /// A login of its own, at once closed again.
  [[nodiscard]] virtual Result<void> check_login(std::string_view name,
                                                 const SecureBytes& password) = 0;
  [[nodiscard]] virtual Result<bool> has_user(std::string_view name) = 0;
  /// The names of all users that begin with `prefix`, whoever made them; each once, in no order.
  [[nodiscard]] virtual Result<std::vector<std::string>> users(std::string_view prefix) = 0;
};

/// Where its server is, in one way of writing: two configurations of one address lead to the same
/// server. Two of different ones may too: names aren't resolved.
[[nodiscard]] Result<std::string> address_of(Kind kind, std::string_view connection_url);

/// Connects to nothing yet. invalid_argument names the field.
[[nodiscard]] Result<std::unique_ptr<Target>> make_target(TargetConfig config);

}  // namespace coffer::connectors
