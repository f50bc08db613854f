#include "lexer.h"

#include <algorithm>
#include <charconv>

#include "heredoc.h"
#include "syntax.h"

namespace coffer::policy {
namespace {

constexpr std::size_t kMaxNumber = 64;  // bytes

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

constexpr bool starts_word(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

constexpr bool continues_word(char c) noexcept {
  return starts_word(c) || is_digit(c) || c == '-' || c == '.';
}

constexpr std::uint32_t digit_value(char c) noexcept {
  if (is_digit(c)) return static_cast<std::uint32_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint32_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<std::uint32_t>(c - 'A' + 10);
  return 16;  // larger than any digit
}

/// NUL: no such escape.
constexpr char short_escape(char c) noexcept {
  switch (c) {
    case 'a': return '\a';
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'v': return '\v';
    case '\\': return '\\';
    case '"': return '"';
    default: return '\0';
  }
}

/// False: no character has this number.
bool append_utf8(std::string& out, std::uint32_t code) {
  const auto push = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  const auto tail = [&](std::uint32_t shift) { push(0x80U | ((code >> shift) & 0x3FU)); };
  if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
  if (code < 0x80) {
    push(code);
  } else if (code < 0x800) {
    push(0xC0U | (code >> 6U));
    tail(0);
  } else if (code < 0x10000) {
    push(0xE0U | (code >> 12U));
    tail(6);
    tail(0);
  } else {
    push(0xF0U | (code >> 18U));
    tail(12);
    tail(6);
    tail(0);
  }
  return true;
}

}  // namespace

char Lexer::peek(std::size_t ahead) const noexcept {
  return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
}

Error Lexer::here(std::string_view what) const { return wrong(line_, what); }

Result<void> Lexer::skip_block_comment() {
  const std::size_t end = text_.find("*/", at_ + 2);
  if (end == std::string_view::npos) return here("the comment /* has no end");
  for (; at_ < end; ++at_) {
    if (text_[at_] == '\n') ++line_;
  }
  at_ += 2;
  return {};
}

Result<void> Lexer::skip_space_and_comments() {
  while (at_ < text_.size()) {
    const char c = peek();
    if (c == '/' && peek(1) == '*') {
      COFFER_CHECK(skip_block_comment());
    } else if (c == '#' || (c == '/' && peek(1) == '/')) {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      if (c == '\n') ++line_;
      ++at_;
    } else {
      break;
    }
  }
  return {};
}

Token Lexer::symbol(TokenKind kind) {
  ++at_;
  return {kind, {}, line_};
}

Result<Token> Lexer::next() {
  COFFER_CHECK(skip_space_and_comments());
  token_start_ = at_;
  if (at_ == text_.size()) return Token{TokenKind::end, {}, line_};
  const char c = peek();
  if (starts_word(c)) return word();
  if (is_digit(c) || ((c == '-' || c == '.') && is_digit(peek(1)))) return number();
  switch (c) {
    case '"': return string();
    case '<': return heredoc();
    case '=': return symbol(TokenKind::assign);
    case ',': return symbol(TokenKind::comma);
    case '{': return symbol(TokenKind::open_brace);
    case '}': return symbol(TokenKind::close_brace);
    case '[': return symbol(TokenKind::open_bracket);
    case ']': return symbol(TokenKind::close_bracket);
    default: return here("unexpected character " + quoted({&c, 1}));
  }
}

Token Lexer::word() {
  const std::size_t begin = at_;
  while (continues_word(peek())) ++at_;
  Token token{TokenKind::word, std::string(text_.substr(begin, at_ - begin)), line_};
  if (token.text == "true" || token.text == "false") token.kind = TokenKind::boolean;
  return token;
}

Result<Token> Lexer::number() {
  const std::size_t begin = at_;
  while (continues_word(peek()) || ((peek() == '+' || peek() == '-') && at_ > begin) ||
         at_ == begin) {
    ++at_;
  }
  const std::string_view text = text_.substr(begin, at_ - begin);
  if (text.size() > kMaxNumber) return here("a number of more than 64 bytes");
  std::string_view magnitude = text;
  if (magnitude.front() == '-') magnitude.remove_prefix(1);
  int base = 10;
  if (magnitude.starts_with("0x") || magnitude.starts_with("0X")) {
    base = 16;
    magnitude.remove_prefix(2);
  } else if (magnitude.size() > 1 && magnitude.front() == '0' && is_digit(magnitude[1])) {
    base = 8;
  }
  const char* end = magnitude.data() + magnitude.size();
  std::int64_t whole = 0;
  const auto integer = std::from_chars(magnitude.data(), end, whole, base);
  if (integer.ec == std::errc{} && integer.ptr == end && whole >= 0 && magnitude.front() != '-') {
    return Token{TokenKind::number, std::to_string(text.front() == '-' ? -whole : whole), line_};
  }
  double fraction = 0;
  const auto real = std::from_chars(magnitude.data(), end, fraction);
  if (base != 10 || real.ec != std::errc{} || real.ptr != end || starts_word(magnitude.front())) {
    return here(quoted(text) + " is no number");
  }
  return Token{TokenKind::number, std::string(text), line_};
}

Result<std::uint32_t> Lexer::digits(std::uint32_t base, std::size_t count) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < count; ++i, ++at_) {
    const std::uint32_t digit = digit_value(peek());
    if (digit >= base) return here("an escape in a string has too few digits");
    value = value * base + digit;
  }
  return value;
}

Result<void> Lexer::escape(std::string& out) {
  ++at_;  // the backslash
  const char c = peek();
  if (const char plain = short_escape(c); plain != '\0') {
    out.push_back(plain);
    ++at_;
    return {};
  }
  std::uint32_t base = 16;
  std::size_t count = 0;
  switch (c) {
    case 'x': count = 2; break;
    case 'u': count = 4; break;
    case 'U': count = 8; break;
    default:
      if (digit_value(c) >= 8) return here("unknown escape in a string");
      base = 8;
      count = 3;
  }
  if (base == 16) ++at_;
  COFFER_TRY(const std::uint32_t code, digits(base, count));
  // \x and octal stand for bytes in HCL: above ASCII they would be no characters by themselves.
  const bool byte = c != 'u' && c != 'U';
  if ((byte && code > 0x7F) || !append_utf8(out, code))
    return here("an escape in a string stands for no character");
  return {};
}

Result<Token> Lexer::string() {
  Token token{TokenKind::string, {}, line_};
  ++at_;
  // HCL lets quotes stand inside of ${ }: where its reader sees one string, so must this one.
  std::size_t braces = 0;
  while (at_ < text_.size()) {
    const char c = peek();
    if (c == '"' && braces == 0) {
      ++at_;
      return token;
    }
    if (c == '\n') return here("a string has no closing quote in its line");
    if (c == '\\' && braces == 0) {
      COFFER_CHECK(escape(token.text));
      continue;
    }
    if (c == '{' && (braces > 0 || (!token.text.empty() && token.text.back() == '$'))) ++braces;
    if (c == '}' && braces > 0) --braces;
    token.text.push_back(c);
    ++at_;
  }
  return here("a string has no closing quote");
}

Result<Token> Lexer::heredoc() {
  Token token{TokenKind::heredoc, {}, line_};
  COFFER_TRY(Heredoc read, read_heredoc(text_.substr(at_), line_));
  at_ += read.length;
  line_ += read.lines;
  token.text = std::move(read.text);
  return token;
}

}  // namespace coffer::policy
