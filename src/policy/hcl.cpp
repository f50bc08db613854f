#include "hcl.h"

#include "lexer.h"

namespace coffer::policy {
namespace {

/// Recursive descent with one token in hand; depth is bounded by kMaxDepth.
class Parser final {
 public:
  explicit Parser(std::string_view text) : lexer_(text) {}

  Result<Node> document() {
    COFFER_CHECK(advance());
    return object(TokenKind::end);
  }

 private:
  Result<void> advance() {
    COFFER_TRY(token_, lexer_.next());
    return {};
  }

  /// The items up to `close`, which stays in hand.
  Result<Node> object(TokenKind close) {
    Node node(Kind::object, {}, token_.line);
    while (token_.kind != close) {
      COFFER_TRY(Item read, item());
      node.items.push_back(std::move(read));
      if (token_.kind == TokenKind::comma) COFFER_CHECK(advance());
    }
    return node;
  }

  Result<Item> item() {
    Item made{{}, {}, token_.line};
    while (token_.kind == TokenKind::word || token_.kind == TokenKind::string) {
      made.keys.push_back(std::move(token_.text));
      COFFER_CHECK(advance());
    }
    if (made.keys.empty()) return unexpected("a name");
    const bool assigned = token_.kind == TokenKind::assign;
    if (assigned && made.keys.size() > 1) return unexpected("\"{\"");
    if (!assigned && token_.kind != TokenKind::open_brace) return unexpected("\"=\" or \"{\"");
    if (assigned) COFFER_CHECK(advance());
    COFFER_TRY(made.value, value());
    return made;
  }

  Result<Node> value() {
    switch (token_.kind) {
      case TokenKind::string:
      case TokenKind::heredoc: return scalar(Kind::string);
      case TokenKind::number: return scalar(Kind::number);
      case TokenKind::boolean: return scalar(Kind::boolean);
      case TokenKind::open_brace:
      case TokenKind::open_bracket: return nested();
      case TokenKind::end:
      case TokenKind::word:
      case TokenKind::assign:
      case TokenKind::comma:
      case TokenKind::close_brace:
      case TokenKind::close_bracket: break;
    }
    return unexpected("a value");
  }

  Result<Node> scalar(Kind kind) {
    Node node(kind, std::move(token_.text), token_.line);
    COFFER_CHECK(advance());
    return node;
  }

  Result<Node> nested() {
    if (++depth_ > kMaxDepth) return wrong(token_.line, "nested more than 16 deep");
    const bool braces = token_.kind == TokenKind::open_brace;
    COFFER_CHECK(advance());
    auto node = braces ? object(TokenKind::close_brace) : list();
    if (!node.ok()) return node;
    COFFER_CHECK(advance());
    --depth_;
    return node;
  }

  Result<Node> list() {
    Node node(Kind::list, {}, token_.line);
    while (token_.kind != TokenKind::close_bracket) {
      COFFER_TRY(Node element, value());
      node.elements.push_back(std::move(element));
      if (token_.kind == TokenKind::close_bracket) break;
      if (token_.kind != TokenKind::comma) return unexpected("\",\" or \"]\"");
      COFFER_CHECK(advance());
    }
    return node;
  }

  [[nodiscard]] Error unexpected(std::string_view wanted) const {
    return wrong(token_.line,
                 std::string(in_words()).append(" where ").append(wanted).append(" is wanted"));
  }

  [[nodiscard]] std::string in_words() const {
    switch (token_.kind) {
      case TokenKind::end: return "the text ends";
      case TokenKind::word:
      case TokenKind::string:
      case TokenKind::heredoc:
      case TokenKind::number:
      case TokenKind::boolean: return quoted(token_.text);
      case TokenKind::assign: return "\"=\"";
      case TokenKind::comma: return "\",\"";
      case TokenKind::open_brace: return "\"{\"";
      case TokenKind::close_brace: return "\"}\"";
      case TokenKind::open_bracket: return "\"[\"";
      case TokenKind::close_bracket: return "\"]\"";
    }
    return "something";
  }

  Lexer lexer_;
  Token token_;
  std::size_t depth_ = 0;
};

}  // namespace

Result<Node> parse_hcl(std::string_view text) { return Parser(text).document(); }

}  // namespace coffer::policy
