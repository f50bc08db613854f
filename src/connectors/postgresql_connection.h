// One connection to PostgreSQL, by libpq without blocking: every wait has a deadline on our side,
// for a server that stands still doesn't keep its own. One thread at a time.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coffer/connectors/statements.h"
#include "deadline.h"

namespace coffer::connectors {

/// libpq's keywords and their values.
using PqOptions = std::vector<std::pair<std::string, std::string>>;

class PostgresqlConnection final : public Quoter {
 public:
  using Row = std::vector<std::string>;  ///< null is ""
  static constexpr std::size_t kAll = static_cast<std::size_t>(-1);

  /// Sets the modes that StatementScanner relies on. `unauthenticated` for a wrong name or
  /// password.
  [[nodiscard]] static Result<std::unique_ptr<PostgresqlConnection>> open(
      const PqOptions& options, Deadline deadline, std::chrono::milliseconds statement_timeout);

  /// Closed, or something unasked waits to be read (a server says goodbye before it closes).
  [[nodiscard]] bool alive() const;
  /// Statements, as one: all or nothing, committed on return (the simple query protocol's implicit
  /// transaction). After a statement that changed the session reusable() is false.
  /// Of the statements the first `ours` are known to leave the session as it was. Of the others
  /// only those that can do nothing else do: what they change of it otherwise (a parameter, a
  /// temporary table, a lock) isn't for whoever has it next.
  [[nodiscard]] Result<void> execute(const std::string& sql, Deadline deadline,
                                     std::size_t ours = kAll);
  /// One statement with parameters $1….
  [[nodiscard]] Result<std::vector<Row>> query(const char* sql,
                                               const std::vector<std::string>& parameters,
                                               Deadline deadline);
  [[nodiscard]] bool reusable() const noexcept { return reusable_; }

  [[nodiscard]] Result<std::string> in_string(std::string_view value) const override;
  [[nodiscard]] Result<std::string> in_identifier(std::string_view value) const override;

 private:
  struct Finish {
    void operator()(PGconn* connection) const noexcept { ::PQfinish(connection); }
  };
  struct Clear {
    void operator()(PGresult* result) const noexcept { ::PQclear(result); }
  };
  using ResultHandle = std::unique_ptr<PGresult, Clear>;

  explicit PostgresqlConnection(PGconn* connection) : connection_(connection) {}
  [[nodiscard]] Result<void> finish_connecting(Deadline deadline);
  [[nodiscard]] Result<void> flush(Deadline deadline);
  /// The next result of what was sent; null: there is no more.
  [[nodiscard]] Result<ResultHandle> next(Deadline deadline);
  [[nodiscard]] Result<void> check(PGresult* result, std::size_t number, std::size_t ours = kAll);
  [[nodiscard]] Error lost(std::string_view where);

  const std::unique_ptr<PGconn, Finish> connection_;
  bool reusable_ = true;
};

/// Two transactions met, and the server undid this one whole: it can be sent again at once. Grants
/// on one object do so, for they rewrite its list of rights ("tuple concurrently updated").
[[nodiscard]] bool is_collision(const Error& error);

/// The error for a state of SQL (five characters, ISO 9075) and what was done; `cause` for the log.
[[nodiscard]] Error sqlstate_error(std::string_view state, std::string_view cause);

}  // namespace coffer::connectors
