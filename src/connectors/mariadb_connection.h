// One connection to MariaDB, by libmariadb. Its timeouts bound each read. One thread at a time.
#pragma once

#include <mysql.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coffer/base/secure_bytes.h"
#include "coffer/connectors/statements.h"
#include "deadline.h"
#include "mariadb_options.h"

namespace coffer::connectors {

class MariadbConnection final : public Quoter {
 public:
  struct Login {
    const MariadbOptions& options;
    std::string name;
    const SecureBytes& password;
    std::chrono::milliseconds connect_timeout;
    std::chrono::milliseconds statement_timeout;
  };

  /// Sets the modes that StatementScanner relies on. `unauthenticated` for a wrong name or
  /// password.
  [[nodiscard]] static Result<std::unique_ptr<MariadbConnection>> open(const Login& login);

  [[nodiscard]] bool alive() const;
  [[nodiscard]] bool reusable() const noexcept { return reusable_; }
  /// Rights of the whole server are a session's as they were when it began. Read then, and kept:
  /// what SHOW GRANTS says later is for sessions to come.
  [[nodiscard]] Result<void> learn_rights();
  /// Without it KILL ends nobody's session, and says nothing.
  [[nodiscard]] bool may_kill() noexcept;
  /// A right was missing: it may have been given since, to sessions that are still to begin.
  [[nodiscard]] bool is_of_old() const noexcept { return of_old_; }
  /// One statement, that leaves the session as it was.
  [[nodiscard]] Result<void> execute(const std::string& sql);
  /// One that may change more of the session than the next one who has it should find: reusable()
  /// is false then.
  [[nodiscard]] Result<void> execute_of_others(const std::string& sql);
  /// The first column of each row.
  [[nodiscard]] Result<std::vector<std::string>> query(const std::string& sql);

  [[nodiscard]] Result<std::string> in_string(std::string_view value) const override;
  [[nodiscard]] Result<std::string> in_identifier(std::string_view value) const override;

 private:
  struct Close {
    void operator()(MYSQL* connection) const noexcept { ::mysql_close(connection); }
  };
  explicit MariadbConnection(MYSQL* connection) : connection_(connection) {}
  [[nodiscard]] Error failed(std::string_view what);
  [[nodiscard]] std::optional<Error> option_behind(std::string_view what);

  const std::unique_ptr<MYSQL, Close> connection_;
  bool reusable_ = true;
  bool may_kill_ = false;
  bool of_old_ = false;
};

/// The error for a number of MariaDB's server or client library. Nothing of the message, which may
/// quote a statement, gets into it: it is only looked through for what the number leaves open.
[[nodiscard]] Error mariadb_error(unsigned int number, std::string_view what,
                                  std::string_view message);

/// A right that is missing, told from what else a server refuses.
[[nodiscard]] bool is_missing_right(const Error& error);

}  // namespace coffer::connectors
