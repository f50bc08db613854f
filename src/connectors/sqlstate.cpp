// What a SQLSTATE means to us (PostgreSQL 15, appendix A).
#include <array>

#include "postgresql_connection.h"

namespace coffer::connectors {
namespace {

struct Meaning {
  std::string_view state;  ///< whole, or its class of two characters
  ErrorCode code;
  std::string_view words;
};

constexpr std::array kMeanings = {
    Meaning{"0LP01", ErrorCode::precondition, "a membership that can't be granted"},
    Meaning{"28P01", ErrorCode::unauthenticated, "wrong user name or password"},
    Meaning{"28000", ErrorCode::precondition, "this login isn't allowed"},
    Meaning{"42501", ErrorCode::precondition, "insufficient privilege"},
    Meaning{"42601", ErrorCode::precondition, "syntax error"},
    Meaning{"42704", ErrorCode::precondition, "an object that isn't there"},
    Meaning{"42710", ErrorCode::precondition, "an object that is there already"},
    Meaning{"42P01", ErrorCode::precondition, "a table that isn't there"},
    Meaning{"3F000", ErrorCode::precondition, "a schema that isn't there"},
    Meaning{"3D000", ErrorCode::precondition, "a database that isn't there"},
    Meaning{"2BP01", ErrorCode::precondition, "objects still depend on it"},
    Meaning{"25001", ErrorCode::precondition, "a statement that can't run in a transaction"},
    Meaning{"25006", ErrorCode::unavailable, "the server is read-only now"},
    Meaning{"55P03", ErrorCode::unavailable, "a lock wasn't free in time"},
    Meaning{"55006", ErrorCode::unavailable, "an object is in use"},
    Meaning{"57014", ErrorCode::unavailable, "a statement took too long"},
    Meaning{"08", ErrorCode::unavailable, "the connection failed"},
    Meaning{"40", ErrorCode::unavailable, "a transaction was rolled back"},
    Meaning{"53", ErrorCode::unavailable, "the server is out of disk, memory or connections"},
    Meaning{"57", ErrorCode::unavailable, "the server stops or starts"},
    Meaning{"58", ErrorCode::unavailable, "the server's system failed"},
    Meaning{"XX", ErrorCode::unavailable, "the server failed"},
};

const Meaning* meaning_of(std::string_view state) {
  for (const Meaning& meaning : kMeanings) {
    if (state.starts_with(meaning.state)) return &meaning;
  }
  return nullptr;
}

}  // namespace

bool is_collision(const Error& error) {
  for (const std::string_view state : {"SQLSTATE XX000", "SQLSTATE 40001", "SQLSTATE 40P01"}) {
    if (error.cause.find(state) != std::string::npos) return true;
  }
  return false;
}

Error sqlstate_error(std::string_view state, std::string_view cause) {
  const Meaning* meaning = meaning_of(state);
  const ErrorCode code = meaning == nullptr ? ErrorCode::precondition : meaning->code;
  std::string text = "PostgreSQL refused: ";
  text += meaning == nullptr ? "an error of its own" : meaning->words;
  text.append(" (SQLSTATE ").append(state).append(")");
  return make_error(code, text, cause);
}

}  // namespace coffer::connectors
