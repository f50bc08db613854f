// HCL 1 as a row of tokens: what policies are written in, and nothing that they don't need.
#pragma once

#include <string>
#include <string_view>

#include "coffer/base/result.h"

namespace coffer::policy {

enum class TokenKind : std::uint8_t {
  end,
  word,  ///< an identifier
  string,
  heredoc,
  number,  ///< in decimal, whatever base it came in
  boolean,
  assign,
  comma,
  open_brace,
  close_brace,
  open_bracket,
  close_bracket,
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::string text{};
  std::size_t line = 1;
};

class Lexer final {
 public:
  /// `text` outlives the Lexer.
  explicit Lexer(std::string_view text) : text_(text) {}
  [[nodiscard]] Result<Token> next();
  /// Where the last token starts in the text, and where the next one is looked for.
  [[nodiscard]] std::size_t token_start() const noexcept { return token_start_; }
  [[nodiscard]] std::size_t position() const noexcept { return at_; }

 private:
  [[nodiscard]] char peek(std::size_t ahead = 0) const noexcept;  ///< NUL: the end
  [[nodiscard]] Error here(std::string_view what) const;
  Result<void> skip_space_and_comments();
  Result<void> skip_block_comment();
  Token symbol(TokenKind kind);
  Token word();
  Result<Token> number();
  Result<Token> string();
  Result<void> escape(std::string& out);
  Result<std::uint32_t> digits(std::uint32_t base, std::size_t count);
  Result<Token> heredoc();

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t token_start_ = 0;
  std::size_t line_ = 1;
};

}  // namespace coffer::policy
