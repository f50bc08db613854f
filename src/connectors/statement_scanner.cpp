#include "statement_scanner.h"

namespace coffer::connectors {
namespace {

Error refused(std::string_view why) { return make_error(ErrorCode::invalid_argument, why); }

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

/// Bytes over 0x7F are letters to both lexers.
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80U;
}

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

}  // namespace

Result<std::vector<Statement>> StatementScanner::run() {
  while (at_ < text_.size()) {
    COFFER_CHECK(step());
    if (statements_.size() > kMaxStatements) return refused("more than 64 statements");
  }
  end_statement();
  if (statements_.size() > kMaxStatements) return refused("more than 64 statements");
  return std::move(statements_);
}

Result<void> StatementScanner::step() {
  const char c = text_[at_];
  if (c == ';') {
    end_statement();
    ++at_;
    return {};
  }
  if (starts_line_comment()) return line_comment();
  if (at("/*")) return block_comment();
  if (c == '\'' || c == '"' || (c == '`' && !is_postgresql())) return quoted(quote_here());
  if (const std::string_view tag = dollar_tag(); !tag.empty()) return dollar_quoted(tag);
  if (placeholder_end() != std::string_view::npos) {
    return refused("a placeholder stands outside of quotes: write '{{…}}' or \"{{…}}\" around it");
  }
  if (!is_space(c)) meaning_ = true;
  add_word(c);
  take(1);
  return {};
}

void StatementScanner::take(std::size_t count) {
  if (pieces_.empty() || pieces_.back().place != Place::text) pieces_.push_back({});
  pieces_.back().text += text_.substr(at_, count);
  at_ += count;
}

void StatementScanner::end_statement() {
  if (meaning_) statements_.emplace_back(std::move(pieces_));
  pieces_.clear();
  words_.clear();
  meaning_ = false;
}

void StatementScanner::add_word(char c) {
  if (!is_space(c)) {
    words_ += upper(c);
  } else if (!words_.empty() && words_.back() != ' ') {
    words_ += ' ';
  }
}

bool StatementScanner::starts_line_comment() const {
  if (is_postgresql()) return at("--");
  if (at("#")) return true;
  // MariaDB wants white space (or the end) after it; without, it is two minus signs.
  return at("--") && (at_ + 2 == text_.size() || static_cast<unsigned char>(text_[at_ + 2]) <= ' ');
}

Result<void> StatementScanner::line_comment() {
  add_word(' ');
  while (at_ < text_.size() && text_[at_] != '\n') {
    if (placeholder_end() != std::string_view::npos) return refused("a placeholder in a comment");
    take(1);
  }
  // What is put behind this statement must not end up in the comment.
  if (at_ == text_.size() && !pieces_.empty()) pieces_.back().text += '\n';
  return {};
}

Result<void> StatementScanner::block_comment() {
  if (!is_postgresql() && (at("/*!") || at("/*M!"))) {
    return refused("a comment that MariaDB executes: write the statement itself");
  }
  add_word(' ');
  std::size_t depth = 0;
  while (at_ < text_.size()) {
    if (placeholder_end() != std::string_view::npos) return refused("a placeholder in a comment");
    if (at("/*") && (is_postgresql() || depth == 0)) {
      ++depth;
      take(2);
    } else if (at("*/")) {
      take(2);
      if (--depth == 0) return {};
    } else {
      take(1);
    }
  }
  return refused("a comment that isn't closed");
}

StatementScanner::Quote StatementScanner::quote_here() const {
  const char mark = text_[at_];
  if (!is_postgresql()) {
    if (mark == '`') return {mark, false, Place::identifier};
    return {mark, true, Place::string};
  }
  const char before = at_ == 0 ? ' ' : text_[at_ - 1];
  // E'…' has backslashes, which PostgreSQL's escaping leaves alone; U&'…' has them too, in its way;
  // B, X and N aren't for names. No value goes into any of these.
  const bool prefixed = is_word(before) || before == '&';
  const bool escapes = mark == '\'' && (before == 'e' || before == 'E');
  const Place place = mark == '"' ? Place::identifier : Place::string;
  return {mark, escapes, prefixed ? Place::text : place};
}

Result<void> StatementScanner::quoted(const Quote& quote) {
  meaning_ = true;
  bool mixed = false;
  take(1);
  while (at_ < text_.size()) {
    if (const std::size_t end = placeholder_end(); end != std::string_view::npos) {
      if (quote.place == Place::text) return refused("a placeholder in a string with a prefix");
      mixed = mixed || !is_alone(end, quote.mark);
      COFFER_CHECK(placeholder(end, quote));
    } else if (quote.backslash && text_[at_] == '\\') {
      if (at_ + 1 == text_.size()) break;
      take(2);
    } else if (text_[at_] != quote.mark) {
      take(1);
    } else if (at_ + 1 < text_.size() && text_[at_ + 1] == quote.mark) {
      take(2);
    } else {
      take(1);
      // Known by its name alone; one that is called something more would never be ended.
      if (mixed && names_a_user()) return refused("a user's name must be {{name}} and no more");
      words_ += '?';
      return is_postgresql() && quote.place == Place::text ? check_continuation() : Result<void>();
    }
  }
  return refused("a quote that isn't closed");
}

/// SQL joins 'a' and 'b' on lines of their own to one string, and the prefix of the first holds for
/// both: E'a'⏎'b' has backslash escapes in b.
Result<void> StatementScanner::check_continuation() const {
  std::size_t next = at_;
  while (next < text_.size()) {
    if (is_space(text_[next])) {
      ++next;
    } else if (text_.substr(next, 2) == "--") {
      next = text_.find('\n', next);
      if (next == std::string_view::npos) return {};
    } else {
      break;
    }
  }
  if (next < text_.size() && text_[next] == '\'') {
    return refused("a string with a prefix that goes on in another string");
  }
  return {};
}

/// `$tag$` or `$$`; empty: it isn't one.
std::string_view StatementScanner::dollar_tag() const {
  if (!is_postgresql() || text_[at_] != '$') return {};
  if (at_ > 0 && (is_word(text_[at_ - 1]) || text_[at_ - 1] == '$')) return {};
  std::size_t end = at_ + 1;
  while (end < text_.size() && is_word(text_[end])) ++end;
  if (end == text_.size() || text_[end] != '$') return {};
  const char first = text_[at_ + 1];
  if (first >= '0' && first <= '9') return {};  // $1$ isn't a tag
  return text_.substr(at_, end + 1 - at_);
}

Result<void> StatementScanner::dollar_quoted(std::string_view tag) {
  meaning_ = true;
  take(tag.size());
  while (at_ < text_.size()) {
    if (placeholder_end() != std::string_view::npos) {
      return refused("a placeholder in a dollar-quoted string, which has no escapes");
    }
    if (at(tag)) {
      take(tag.size());
      words_ += '?';
      return {};
    }
    take(1);
  }
  return refused("a dollar-quoted string that isn't closed");
}

/// Anything else in double braces is text: '{{1,2},{3,4}}' is an array.
std::size_t StatementScanner::placeholder_end() const {
  if (!at("{{")) return std::string_view::npos;
  std::size_t end = at_ + 2;
  while (end < text_.size() && (is_word(text_[end]) || is_space(text_[end]))) ++end;
  const std::string_view inside = text_.substr(at_ + 2, end - at_ - 2);
  const bool has_letter = inside.find_first_of("abcdefghijklmnopqrstuvwxyz") != inside.npos;
  if (!has_letter || text_.substr(end, 2) != "}}") return std::string_view::npos;
  return end + 2;
}

bool StatementScanner::is_alone(std::size_t end, char mark) const {
  const bool alone = text_[at_ - 1] == mark && end < text_.size() && text_[end] == mark;
  const bool doubled = alone && ((at_ >= 2 && text_[at_ - 2] == mark) ||
                                 (end + 1 < text_.size() && text_[end + 1] == mark));
  return alone && !doubled;
}

/// What was quoted until here: CREATE ROLE "…", DROP USER IF EXISTS "…", '…'@'host'.
bool StatementScanner::names_a_user() const {
  std::size_t next = at_;
  while (next < text_.size() && is_space(text_[next])) ++next;
  if (!is_postgresql() && next < text_.size() && text_[next] == '@') return true;
  std::string before = " " + words_;
  const auto cut = [&before](std::string_view word) {
    while (before.ends_with(' ')) before.pop_back();
    const bool there = before.ends_with(word);
    if (there) before.resize(before.size() - word.size());
    return there;
  };
  if (cut(" EXISTS")) {
    cut(" NOT");
    cut(" IF");
  }
  return cut(" ROLE") || cut(" USER") || cut(" GROUP");
}

Result<void> StatementScanner::placeholder(std::size_t end, const Quote& quote) {
  std::string word;
  for (const char c : text_.substr(at_ + 2, end - 2 - (at_ + 2))) {
    if (!is_space(c)) word += c;
  }
  Statement::Piece piece{.place = quote.place, .text = {}, .placeholder = Placeholder::name};
  if (word == "password") {
    piece.placeholder = Placeholder::password;
  } else if (word == "expiration") {
    piece.placeholder = Placeholder::expiration;
  } else if (word != "name" && word != "username") {
    return refused("a placeholder that isn't known: name, username, password, expiration are");
  }
  if (piece.placeholder != Placeholder::name && quote.place != Place::string) {
    return refused("only the name can stand in an identifier");
  }
  if (piece.placeholder == Placeholder::password) COFFER_CHECK(fit_password(end, quote.mark));
  pieces_.push_back(std::move(piece));
  at_ = end;
  return {};
}

/// The password comes as what the server would store of it, so it must stand alone where that is
/// taken.
Result<void> StatementScanner::fit_password(std::size_t end, char mark) {
  if (!is_alone(end, mark)) {
    return refused("the password must stand alone in its quotes: '{{password}}'");
  }
  if (is_postgresql()) return {};
  std::string_view before = words_;
  while (before.ends_with(' ')) before.remove_suffix(1);
  if (before.ends_with("PASSWORD(") || before.ends_with("PASSWORD (")) {
    return refused("PASSWORD('{{password}}') would hash a hash: leave the function away");
  }
  // IDENTIFIED BY 'x' takes the password itself; with PASSWORD it takes the hash that we have.
  if (before.ends_with("IDENTIFIED BY")) {
    std::string& text = pieces_.back().text;
    text.insert(text.size() - 1, "PASSWORD ");
  }
  return {};
}

}  // namespace coffer::connectors
