// What an error number means to us (MariaDB's error codes; 2000 to 2999 are the client library's).
#include <array>

#include "mariadb_connection.h"

namespace coffer::connectors {
namespace {

struct Meaning {
  unsigned int number;
  ErrorCode code;
  std::string_view words;
};

constexpr std::string_view kPrivilege = "insufficient privilege";

constexpr std::array kMeanings = {
    Meaning{1045, ErrorCode::unauthenticated, "wrong user name or password"},
    Meaning{1698, ErrorCode::unauthenticated, "wrong user name or password"},
    Meaning{1044, ErrorCode::precondition, kPrivilege},
    Meaning{1142, ErrorCode::precondition, kPrivilege},
    Meaning{1143, ErrorCode::precondition, kPrivilege},
    Meaning{1227, ErrorCode::precondition, kPrivilege},
    Meaning{1095, ErrorCode::precondition, kPrivilege},
    Meaning{1370, ErrorCode::precondition, kPrivilege},
    Meaning{1410, ErrorCode::precondition, kPrivilege},
    Meaning{1064, ErrorCode::precondition, "syntax error"},
    Meaning{1049, ErrorCode::precondition, "a database that isn't there"},
    Meaning{1146, ErrorCode::precondition, "a table that isn't there"},
    Meaning{1396, ErrorCode::precondition, "a user that is or isn't there"},
    Meaning{1040, ErrorCode::unavailable, "too many connections"},
    Meaning{1203, ErrorCode::unavailable, "too many connections"},
    Meaning{1226, ErrorCode::unavailable, "a limit of the administrator's account"},
    Meaning{1129, ErrorCode::unavailable, "this host is blocked for now"},
    Meaning{1205, ErrorCode::unavailable, "a lock wasn't free in time"},
    Meaning{1213, ErrorCode::unavailable, "a deadlock"},
    Meaning{1969, ErrorCode::unavailable, "a statement took too long"},
    Meaning{1317, ErrorCode::unavailable, "a statement was interrupted"},
    Meaning{1927, ErrorCode::unavailable, "the connection was killed"},
    Meaning{1053, ErrorCode::unavailable, "the server stops"},
    Meaning{1290, ErrorCode::precondition, "an option that the server runs with forbids this"},
    Meaning{1836, ErrorCode::unavailable, "the server is read-only now"},
    Meaning{3, ErrorCode::unavailable, "the server can't write to its disk"},
    Meaning{1021, ErrorCode::unavailable, "the server's disk is full"},
    Meaning{1026, ErrorCode::unavailable, "the server can't write to its disk"},
    Meaning{1030, ErrorCode::unavailable, "the server's storage failed"},
    Meaning{1114, ErrorCode::unavailable, "the server's disk is full"},
    Meaning{1037, ErrorCode::unavailable, "the server is out of memory"},
    Meaning{1041, ErrorCode::unavailable, "the server is out of memory"},
};

/// Number 1290 is one for many options, and its message names which; in every language alike.
struct Option {
  std::string_view name;
  Meaning meaning;
};

constexpr std::array kOptions = {
    Option{"strict-password-validation",
           {1290, ErrorCode::precondition,
            "a plugin validates passwords, and hashes are refused then: set "
            "strict_password_validation=OFF"}},
    Option{"read-only", {1290, ErrorCode::unavailable, "the server is read-only now"}},
    Option{"read_only", {1290, ErrorCode::unavailable, "the server is read-only now"}},
};

Error error_of(const Meaning& meaning, const std::string& cause) {
  return make_error(meaning.code,
                    "MariaDB refused: " + std::string(meaning.words) + " (error " +
                        std::to_string(meaning.number) + ")",
                    cause);
}

}  // namespace

Error mariadb_error(unsigned int number, std::string_view what, std::string_view message) {
  const std::string cause = std::string(what) + ": error " + std::to_string(number);
  if (number == 0 || (number >= 2000 && number < 3000)) {
    return make_error(ErrorCode::unavailable, "MariaDB can't be reached", cause);
  }
  for (const Option& option : kOptions) {
    const bool named = message.find(option.name) != std::string_view::npos;
    if (option.meaning.number == number && named) return error_of(option.meaning, cause);
  }
  for (const Meaning& meaning : kMeanings) {
    if (meaning.number == number) return error_of(meaning, cause);
  }
  return make_error(ErrorCode::precondition, "MariaDB refused: error " + std::to_string(number),
                    cause);
}

bool is_missing_right(const Error& error) {
  return error.text.find(kPrivilege) != std::string::npos;
}

}  // namespace coffer::connectors
