#include "coffer/connectors/statements.h"

#include "statement_scanner.h"

namespace coffer::connectors {
namespace {

std::string_view value_of(Placeholder placeholder, const Values& values) {
  switch (placeholder) {
    case Placeholder::name: return values.name;
    case Placeholder::password: return values.password;
    case Placeholder::expiration: return values.expiration;
  }
  return {};
}

}  // namespace

Result<std::string> Statement::render(const Values& values, const Quoter& quoter) const {
  std::string sql;
  for (const Piece& piece : pieces_) {
    if (piece.place == Place::text) {
      sql += piece.text;
      continue;
    }
    const std::string_view value = value_of(piece.placeholder, values);
    if (value.find('\0') != std::string_view::npos) {
      return make_error(ErrorCode::invalid_argument, "a value for a statement has a NUL in it");
    }
    const bool string = piece.place == Place::string;
    COFFER_TRY(const std::string quoted,
               string ? quoter.in_string(value) : quoter.in_identifier(value));
    sql += quoted;
  }
  return sql;
}

Result<std::vector<Statement>> parse_statements(Dialect dialect, std::string_view text) {
  if (text.size() > kMaxTemplate) {
    return make_error(ErrorCode::invalid_argument, "longer than 65536 bytes");
  }
  if (text.find('\0') != std::string_view::npos) {
    return make_error(ErrorCode::invalid_argument, "a NUL in the statement");
  }
  return StatementScanner(dialect, text).run();
}

std::set<Placeholder> placeholders(std::span<const Statement> statements) {
  std::set<Placeholder> used;
  for (const Statement& statement : statements) {
    for (const Statement::Piece& piece : statement.pieces()) {
      if (piece.place != Statement::Place::text) used.insert(piece.placeholder);
    }
  }
  return used;
}

}  // namespace coffer::connectors
