#include "postgresql_connection.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace coffer::connectors {
namespace {

/// The tags of statements that leave the session as it was. What calls a function (SELECT, DO, a
/// trigger) isn't among them, nor what may make something temporary.
constexpr std::array<std::string_view, 12> kLeaveTheSession = {
    "CREATE ROLE", "ALTER ROLE", "DROP ROLE",     "GRANT ROLE",
    "REVOKE ROLE", "GRANT",      "REVOKE",        "REASSIGN OWNED",
    "DROP OWNED",  "COMMENT",    "CREATE SCHEMA", "ALTER DEFAULT PRIVILEGES"};

constexpr std::string_view kNotReached = "PostgreSQL can't be reached";

/// False: the deadline passed.
bool wait_for(int socket, short events, Deadline deadline) {
  pollfd wanted{.fd = socket, .events = events, .revents = 0};
  for (;;) {
    const int ready = ::poll(&wanted, 1, milliseconds_until(deadline));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

/// With PQERRORS_SQLSTATE libpq's message of a refused login ends with the server's code, whatever
/// language the server speaks. Empty: the message is libpq's own, so the server wasn't reached.
std::string_view state_at_end(std::string_view message) {
  constexpr std::size_t kState = 5;
  if (message.size() <= kState || message[message.size() - kState - 1] != ' ') return {};
  const std::string_view state = message.substr(message.size() - kState);
  const auto part = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); };
  return std::all_of(state.begin(), state.end(), part) ? state : std::string_view();
}

/// libpq's words name host, port and user: for the log alone.
Error connect_error(PGconn* connection) {
  std::string_view message = ::PQerrorMessage(connection);
  while (message.ends_with('\n') || message.ends_with(' ')) message.remove_suffix(1);
  const std::string_view state = state_at_end(message);
  const std::string cause =
      "PQconnectPoll: " +
      std::string(message.substr(message.size() - std::min<std::size_t>(message.size(), 300)));
  if (state.empty()) return make_error(ErrorCode::unavailable, kNotReached, cause);
  return sqlstate_error(state, cause);
}

}  // namespace

Result<std::unique_ptr<PostgresqlConnection>> PostgresqlConnection::open(
    const PqOptions& options, Deadline deadline, std::chrono::milliseconds statement_timeout) {
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : options) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  PGconn* raw = ::PQconnectStartParams(keywords.data(), values.data(), 0);
  if (raw == nullptr) return make_error(ErrorCode::resource_exhausted, "no memory for libpq");
  ::PQsetErrorVerbosity(raw, PQERRORS_SQLSTATE);
  std::unique_ptr<PostgresqlConnection> made(new PostgresqlConnection(raw));
  COFFER_CHECK(made->finish_connecting(deadline));
  const std::string timeout = std::to_string(statement_timeout.count());
  // What StatementScanner takes for granted, and what keeps a waiting statement from waiting for
  // ever.
  COFFER_CHECK(made->execute(
      "SET standard_conforming_strings = on; SET client_encoding = 'UTF8'; SET statement_timeout "
      "= " +
          timeout + "; SET lock_timeout = " + std::to_string(statement_timeout.count() / 2) +
          "; SET client_min_messages = error",
      deadline));
  return made;
}

Result<void> PostgresqlConnection::finish_connecting(Deadline deadline) {
  PGconn* connection = connection_.get();
  for (auto next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK;) {
    if (next == PGRES_POLLING_FAILED) return connect_error(connection);
    const short events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (::PQstatus(connection) == CONNECTION_BAD) return connect_error(connection);
    if (!wait_for(::PQsocket(connection), events, deadline)) {
      return make_error(ErrorCode::unavailable, kNotReached, "PQconnectPoll: no answer in time");
    }
    next = ::PQconnectPoll(connection);
  }
  // A notice may quote a statement; libpq would print it to the daemon's own log.
  ::PQsetNoticeReceiver(
      connection, [](void*, const PGresult*) {}, nullptr);
  if (::PQsetnonblocking(connection, 1) != 0) return connect_error(connection);
  return {};
}

bool PostgresqlConnection::alive() const {
  if (::PQstatus(connection_.get()) != CONNECTION_OK) return false;
  return !wait_for(::PQsocket(connection_.get()), POLLIN, std::chrono::steady_clock::now());
}

Error PostgresqlConnection::lost(std::string_view where) {
  reusable_ = false;
  return make_error(ErrorCode::unavailable, "the connection to PostgreSQL was lost or too slow",
                    where);
}

Result<void> PostgresqlConnection::flush(Deadline deadline) {
  for (;;) {
    const int left = ::PQflush(connection_.get());
    if (left < 0) return lost("PQflush");
    if (left == 0) return {};
    if (!wait_for(::PQsocket(connection_.get()), POLLIN | POLLOUT, deadline))
      return lost("PQflush");
    if (::PQconsumeInput(connection_.get()) == 0) return lost("PQconsumeInput");
  }
}

Result<PostgresqlConnection::ResultHandle> PostgresqlConnection::next(Deadline deadline) {
  while (::PQisBusy(connection_.get()) != 0) {
    if (!wait_for(::PQsocket(connection_.get()), POLLIN, deadline))
      return lost("no answer in time");
    if (::PQconsumeInput(connection_.get()) == 0) return lost("PQconsumeInput");
  }
  return ResultHandle(::PQgetResult(connection_.get()));
}

Result<void> PostgresqlConnection::check(PGresult* result, std::size_t number, std::size_t ours) {
  const ExecStatusType status = ::PQresultStatus(result);
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) {
    const std::string_view tag = ::PQcmdStatus(result);
    const bool leaves_it =
        number <= ours || status == PGRES_EMPTY_QUERY ||
        std::find(kLeaveTheSession.begin(), kLeaveTheSession.end(), tag) != kLeaveTheSession.end();
    if (!leaves_it) reusable_ = false;
    return {};
  }
  if (::PQstatus(connection_.get()) == CONNECTION_BAD) return lost("PQgetResult");
  const char* state = ::PQresultErrorField(result, PG_DIAG_SQLSTATE);
  if (state == nullptr) return lost("PQgetResult");
  return sqlstate_error(
      state, "SQLSTATE " + std::string(state) + " in statement " + std::to_string(number));
}

Result<void> PostgresqlConnection::execute(const std::string& sql, Deadline deadline,
                                           std::size_t ours) {
  if (::PQsendQuery(connection_.get(), sql.c_str()) == 0) return lost("PQsendQuery");
  COFFER_CHECK(flush(deadline));
  Result<void> outcome;
  for (std::size_t number = 1;; ++number) {
    COFFER_TRY(const ResultHandle result, next(deadline));
    if (result == nullptr) break;
    auto checked = check(result.get(), number, ours);
    if (!checked.ok() && outcome.ok()) outcome = std::move(checked);
    if (::PQresultStatus(result.get()) == PGRES_COPY_IN ||
        ::PQresultStatus(result.get()) == PGRES_COPY_OUT) {
      reusable_ = false;
      break;  // it would wait for data
    }
  }
  const bool idle = ::PQtransactionStatus(connection_.get()) == PQTRANS_IDLE;
  if (!idle) reusable_ = false;
  if (outcome.ok() && !idle) {
    return make_error(ErrorCode::precondition, "the statements left a transaction open");
  }
  return outcome;
}

Result<std::vector<PostgresqlConnection::Row>> PostgresqlConnection::query(
    const char* sql, const std::vector<std::string>& parameters, Deadline deadline) {
  std::vector<const char*> values;
  values.reserve(parameters.size());
  for (const std::string& parameter : parameters) values.push_back(parameter.c_str());
  if (::PQsendQueryParams(connection_.get(), sql, static_cast<int>(values.size()), nullptr,
                          values.data(), nullptr, nullptr, 0) == 0) {
    return lost("PQsendQueryParams");
  }
  COFFER_CHECK(flush(deadline));
  std::vector<Row> rows;
  Result<void> outcome;
  for (;;) {
    COFFER_TRY(const ResultHandle result, next(deadline));
    if (result == nullptr) break;
    if (auto checked = check(result.get(), 1); !checked.ok()) outcome = std::move(checked);
    for (int row = 0; row < ::PQntuples(result.get()); ++row) {
      Row& columns = rows.emplace_back();
      for (int column = 0; column < ::PQnfields(result.get()); ++column) {
        columns.emplace_back(::PQgetvalue(result.get(), row, column));
      }
    }
  }
  COFFER_CHECK(std::move(outcome));
  return rows;
}

Result<std::string> PostgresqlConnection::in_string(std::string_view value) const {
  std::string out(2 * value.size() + 1, '\0');
  int failed = 0;
  const std::size_t size =
      ::PQescapeStringConn(connection_.get(), out.data(), value.data(), value.size(), &failed);
  if (failed != 0) return make_error(ErrorCode::invalid_argument, "a value that isn't UTF-8");
  out.resize(size);
  return out;
}

Result<std::string> PostgresqlConnection::in_identifier(std::string_view value) const {
  struct Free {
    void operator()(char* text) const noexcept { ::PQfreemem(text); }
  };
  const std::unique_ptr<char, Free> quoted(
      ::PQescapeIdentifier(connection_.get(), value.data(), value.size()));
  if (quoted == nullptr) return make_error(ErrorCode::invalid_argument, "a name that isn't UTF-8");
  const std::string_view text = quoted.get();
  return std::string(text.substr(1, text.size() - 2));
}

}  // namespace coffer::connectors
