// Reads a template as the database's own lexer would, as far as quotes and comments go:
// PostgreSQL's with standard_conforming_strings on, MariaDB's with neither ANSI_QUOTES nor
// NO_BACKSLASH_ESCAPES. Every connection sets those modes, whatever the server's defaults.
#pragma once

#include "coffer/connectors/statements.h"

namespace coffer::connectors {

class StatementScanner final {
 public:
  StatementScanner(Dialect dialect, std::string_view text) : dialect_(dialect), text_(text) {}
  [[nodiscard]] Result<std::vector<Statement>> run();

 private:
  using Place = Statement::Place;
  /// How a quote ends and what may stand in it.
  struct Quote {
    char mark;
    bool backslash;  ///< a backslash takes the next character with it
    Place place;     ///< Place::text: no placeholder may stand here
  };

  [[nodiscard]] bool is_postgresql() const { return dialect_ == Dialect::postgresql; }
  [[nodiscard]] bool at(std::string_view what) const {
    return text_.substr(at_, what.size()) == what;
  }
  void take(std::size_t count);
  void end_statement();
  [[nodiscard]] Result<void> step();
  [[nodiscard]] bool starts_line_comment() const;
  [[nodiscard]] Result<void> line_comment();
  [[nodiscard]] Result<void> block_comment();
  [[nodiscard]] Quote quote_here() const;
  [[nodiscard]] Result<void> quoted(const Quote& quote);
  [[nodiscard]] Result<void> check_continuation() const;
  [[nodiscard]] std::string_view dollar_tag() const;
  [[nodiscard]] Result<void> dollar_quoted(std::string_view tag);
  /// The end of `{{word}}` here, and what it is; npos: no such thing here.
  [[nodiscard]] std::size_t placeholder_end() const;
  [[nodiscard]] Result<void> placeholder(std::size_t end, const Quote& quote);
  /// Nothing but the placeholder from here to `end` is between the marks.
  [[nodiscard]] bool is_alone(std::size_t end, char mark) const;
  [[nodiscard]] Result<void> fit_password(std::size_t end, char mark);
  [[nodiscard]] bool names_a_user() const;
  void add_word(char c);

  const Dialect dialect_;
  const std::string_view text_;
  std::size_t at_ = 0;
  bool meaning_ = false;  ///< the statement has more than white space and comments
  std::string words_;     ///< bare text of this statement, upper case, spaces joined
  std::vector<Statement::Piece> pieces_;
  std::vector<Statement> statements_;
};

}  // namespace coffer::connectors
