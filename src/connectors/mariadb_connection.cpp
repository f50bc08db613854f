#include "mariadb_connection.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <mutex>

namespace coffer::connectors {
namespace {

constexpr unsigned int kUserFailed = 1396;
constexpr unsigned int kOptionForbids = 1290;

unsigned int seconds(std::chrono::milliseconds time) {
  return static_cast<unsigned int>(
      std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(time).count()));
}

void set_options(MYSQL* connection, const MariadbConnection::Login& login) {
  const unsigned int connect = seconds(login.connect_timeout);
  const unsigned int statement = seconds(login.statement_timeout);
  const unsigned int no = 0;
  const my_bool yes = 1;
  ::mysql_options(connection, MYSQL_OPT_CONNECT_TIMEOUT, &connect);
  ::mysql_options(connection, MYSQL_OPT_READ_TIMEOUT, &statement);
  ::mysql_options(connection, MYSQL_OPT_WRITE_TIMEOUT, &statement);
  // A server may ask a client for its files, or for the password in clear: not this one.
  ::mysql_options(connection, MYSQL_OPT_LOCAL_INFILE, &no);
  ::mysql_options(connection, MARIADB_OPT_RESTRICTED_AUTH, "mysql_native_password,client_ed25519");
  ::mysql_options(connection, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  if (login.options.tls != MariadbOptions::Tls::none) {
    const my_bool verify = login.options.tls == MariadbOptions::Tls::verified ? 1 : 0;
    ::mysql_options(connection, MYSQL_OPT_SSL_ENFORCE, &yes);
    ::mysql_options(connection, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
    if (login.options.authorities != nullptr) {
      ::mysql_options(connection, MYSQL_OPT_SSL_CA, login.options.authorities->path().c_str());
    }
  }
  // Else libmariadb takes the host "localhost" for a socket of its own choice.
  const unsigned int tcp = MYSQL_PROTOCOL_TCP;
  if (login.options.socket.empty()) ::mysql_options(connection, MYSQL_OPT_PROTOCOL, &tcp);
}

bool grants_kill(std::string_view grant) {
  return grant.find(" ON *.* TO ") != std::string_view::npos &&
         (grant.find("CONNECTION ADMIN") != std::string_view::npos ||
          grant.find("SUPER") != std::string_view::npos ||
          grant.find("ALL PRIVILEGES") != std::string_view::npos);
}

/// The next word from `at` on, in capitals. Of a comment it is nonsense, which is no word that
/// counts.
std::string next_word(std::string_view sql, std::size_t& at) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto start = std::min(sql.find_first_not_of(kSpace, at), sql.size());
  at = std::min(sql.find_first_of(kSpace, start), sql.size());
  std::string word(sql.substr(start, at - start));
  for (char& c : word) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return word;
}

/// Statements that leave the session as it was. What can call a function (SELECT, INSERT, CALL)
/// isn't among them, for that may take a lock or set a variable; nor what may make something
/// temporary.
bool leaves_session_alone(std::string_view sql) {
  constexpr std::array<std::string_view, 2> kWords = {"GRANT", "REVOKE"};
  constexpr std::array<std::string_view, 7> kPairs = {
      "CREATE USER", "CREATE ROLE", "ALTER USER",      "DROP USER",
      "DROP ROLE",   "RENAME USER", "FLUSH PRIVILEGES"};
  std::size_t at = 0;
  const std::string first = next_word(sql, at);
  const std::string both = first + " " + next_word(sql, at);
  return std::find(kWords.begin(), kWords.end(), first) != kWords.end() ||
         std::find(kPairs.begin(), kPairs.end(), both) != kPairs.end();
}

}  // namespace

Result<std::unique_ptr<MariadbConnection>> MariadbConnection::open(const Login& login) {
  static std::once_flag once;
  std::call_once(once, [] { ::mysql_server_init(0, nullptr, nullptr); });
  MYSQL* raw = ::mysql_init(nullptr);
  if (raw == nullptr) return make_error(ErrorCode::resource_exhausted, "no memory for libmariadb");
  std::unique_ptr<MariadbConnection> made(new MariadbConnection(raw));
  set_options(raw, login);
  const MariadbOptions& options = login.options;
  std::string password(as_text(login.password.expose(Reveal{"libmariadb logs in with it"})));
  const MYSQL* connected = ::mysql_real_connect(
      raw, options.socket.empty() ? options.host.c_str() : nullptr, login.name.c_str(),
      password.c_str(), options.database.empty() ? nullptr : options.database.c_str(), options.port,
      options.socket.empty() ? nullptr : options.socket.c_str(), 0);
  wipe(password);
  if (connected == nullptr) return made->failed("mysql_real_connect");
  const unsigned int wait = seconds(login.statement_timeout / 2);
  // Before this side gives up: the answer leaves the connection, which ends what it waited for.
  const double most = std::chrono::duration<double>(login.statement_timeout).count() * 7 / 8;
  COFFER_CHECK(made->execute(
      "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION', "
      "lock_wait_timeout = " +
      std::to_string(wait) + ", max_statement_time = " + std::to_string(most)));
  return made;
}

Result<void> MariadbConnection::learn_rights() {
  COFFER_TRY(const auto grants, query("SHOW GRANTS"));
  may_kill_ = std::any_of(grants.begin(), grants.end(), grants_kill);
  return {};
}

bool MariadbConnection::may_kill() noexcept {
  if (!may_kill_) {
    reusable_ = false;
    of_old_ = true;
  }
  return may_kill_;
}

bool MariadbConnection::alive() const {
  pollfd wanted{.fd = ::mysql_get_socket(connection_.get()), .events = POLLIN, .revents = 0};
  return ::poll(&wanted, 1, 0) == 0;
}

Error MariadbConnection::failed(std::string_view what) {
  reusable_ = false;
  const unsigned int number = ::mysql_errno(connection_.get());
  Error error = mariadb_error(number, what, ::mysql_error(connection_.get()));
  if (is_missing_right(error)) of_old_ = true;
  if (number == kUserFailed) return option_behind(what).value_or(std::move(error));
  return error;
}

/// ALTER USER ends with a number of its own, whatever was the matter; what an option had against it
/// stands in the list of errors alone.
std::optional<Error> MariadbConnection::option_behind(std::string_view what) {
  constexpr std::string_view kAsked = "SHOW ERRORS";
  if (::mysql_real_query(connection_.get(), kAsked.data(), kAsked.size()) != 0) return {};
  const std::unique_ptr<MYSQL_RES, decltype(&::mysql_free_result)> rows(
      ::mysql_store_result(connection_.get()), &::mysql_free_result);
  if (rows == nullptr || ::mysql_num_fields(rows.get()) != 3) return {};
  while (const MYSQL_ROW row = ::mysql_fetch_row(rows.get())) {
    const bool is_option = row[1] != nullptr && row[1] == std::to_string(kOptionForbids);
    if (is_option && row[2] != nullptr) return mariadb_error(kOptionForbids, what, row[2]);
  }
  return {};
}

Result<void> MariadbConnection::execute_of_others(const std::string& sql) {
  if (!leaves_session_alone(sql)) reusable_ = false;
  return execute(sql);
}

Result<void> MariadbConnection::execute(const std::string& sql) {
  if (::mysql_real_query(connection_.get(), sql.data(), sql.size()) != 0) {
    return failed("mysql_real_query");
  }
  // A SELECT's rows are in the way of the next statement.
  const std::unique_ptr<MYSQL_RES, decltype(&::mysql_free_result)> rows(
      ::mysql_store_result(connection_.get()), &::mysql_free_result);
  if (::mysql_errno(connection_.get()) != 0) return failed("mysql_store_result");
  if (::mysql_more_results(connection_.get()) != 0) reusable_ = false;
  return {};
}

Result<std::vector<std::string>> MariadbConnection::query(const std::string& sql) {
  if (::mysql_real_query(connection_.get(), sql.data(), sql.size()) != 0) {
    return failed("mysql_real_query");
  }
  const std::unique_ptr<MYSQL_RES, decltype(&::mysql_free_result)> rows(
      ::mysql_store_result(connection_.get()), &::mysql_free_result);
  if (rows == nullptr) return failed("mysql_store_result");
  std::vector<std::string> first;
  while (const MYSQL_ROW row = ::mysql_fetch_row(rows.get())) {
    first.emplace_back(row[0] == nullptr ? "" : row[0]);
  }
  return first;
}

Result<std::string> MariadbConnection::in_string(std::string_view value) const {
  std::string out(2 * value.size() + 1, '\0');
  const unsigned long size =
      ::mysql_real_escape_string(connection_.get(), out.data(), value.data(), value.size());
  if (size == static_cast<unsigned long>(-1)) {
    return make_error(ErrorCode::invalid_argument, "a value that isn't UTF-8");
  }
  out.resize(size);
  return out;
}

/// libmariadb has no escaping of identifiers; in backticks nothing but a backtick has a meaning.
Result<std::string> MariadbConnection::in_identifier(std::string_view value) const {
  std::string out;
  for (const char c : value) out.append(c == '`' ? 2 : 1, c);
  return out;
}

}  // namespace coffer::connectors
