#include "name_expression.h"

#include <charconv>
#include <utility>

namespace coffer::engines::database {
namespace {

constexpr std::size_t kMaxDepth = 16;

struct Known {
  std::string_view name;
  Function function;
  std::size_t arguments;  ///< printf: at least
};

constexpr Known kFunctions[] = {
    {"random", Function::random, 1},
    {"unix_time", Function::unix_time, 0},
    {"unix_time_millis", Function::unix_time_millis, 0},
    {"uuid", Function::uuid, 0},
    {"truncate", Function::truncate, 2},
    {"uppercase", Function::uppercase, 1},
    {"lowercase", Function::lowercase, 1},
    {"replace", Function::replace, 3},
    {"sha256", Function::sha256, 1},
    {"printf", Function::printf, 1},
};

class Parser final {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Expression> all() {
    COFFER_TRY(Expression expression, pipeline(0));
    if (at_ != text_.size()) return bad_template("something unexpected in braces");
    return expression;
  }

 private:
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n'))
      ++at_;
  }
  bool ends() {
    skip();
    return at_ == text_.size() || text_[at_] == '|' || text_[at_] == ')';
  }

  Result<Expression> pipeline(std::size_t depth) {
    if (depth > kMaxDepth) return bad_template("parentheses too deep");
    COFFER_TRY(Expression left, command(depth, nullptr));
    while (ends() && at_ < text_.size() && text_[at_] == '|') {
      ++at_;
      COFFER_TRY(Expression right, command(depth, &left));
      left = std::move(right);
    }
    return left;
  }

  Result<Expression> command(std::size_t depth, Expression* piped) {
    skip();
    if (at_ < text_.size() && text_[at_] >= 'a' && text_[at_] <= 'z') return call(depth, piped);
    if (piped != nullptr) return bad_template("a pipe leads to something that is no function");
    return value(depth);
  }

  Result<Expression> call(std::size_t depth, Expression* piped) {
    COFFER_TRY(const Known known, function());
    Expression expression;
    expression.kind = Expression::Kind::call;
    expression.function = known.function;
    while (!ends()) {
      COFFER_TRY(Expression argument, value(depth));
      expression.arguments.push_back(std::move(argument));
    }
    if (piped != nullptr) expression.arguments.push_back(std::move(*piped));
    const std::size_t count = expression.arguments.size();
    const bool fits = known.function == Function::printf ? count >= 1 : count == known.arguments;
    if (!fits) return bad_template("a function with a wrong number of arguments");
    return expression;
  }

  Result<Known> function() {
    std::size_t end = at_;
    while (end < text_.size() && ((text_[end] >= 'a' && text_[end] <= 'z') || text_[end] == '_' ||
                                  (text_[end] >= '0' && text_[end] <= '9'))) {
      ++end;
    }
    const std::string_view name = text_.substr(at_, end - at_);
    for (const Known& known : kFunctions) {
      if (known.name != name) continue;
      at_ = end;
      return known;
    }
    return bad_template("a function that isn't known");
  }

  Result<Expression> value(std::size_t depth) {
    if (at_ == text_.size()) return bad_template("nothing where a value was expected");
    const char c = text_[at_];
    if (c == '(') return parenthesis(depth);
    if (c == '"') return quoted();
    if (c == '.') return field();
    if (c >= '0' && c <= '9') return number();
    if (c >= 'a' && c <= 'z') {
      // As in Go: a function without arguments is a value.
      COFFER_TRY(const Known known, function());
      if (known.arguments != 0) return bad_template("a function as an argument needs parentheses");
      Expression expression;
      expression.kind = Expression::Kind::call;
      expression.function = known.function;
      return expression;
    }
    return bad_template("something unexpected in braces");
  }

  Result<Expression> parenthesis(std::size_t depth) {
    ++at_;
    COFFER_TRY(Expression inner, pipeline(depth + 1));
    skip();
    if (at_ == text_.size() || text_[at_] != ')') return bad_template("a parenthesis isn't closed");
    ++at_;
    return inner;
  }

  Result<Expression> quoted() {
    Expression expression;
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') {
        ++at_;
        if (at_ == text_.size() || (text_[at_] != '"' && text_[at_] != '\\')) {
          return bad_template("an escape that isn't known: \\\" and \\\\ are");
        }
      }
      expression.text += text_[at_];
    }
    if (at_ == text_.size()) return bad_template("a quote isn't closed");
    ++at_;
    return expression;
  }

  Result<Expression> field() {
    Expression expression;
    for (const auto& [name, kind] : {std::pair{".DisplayName", Expression::Kind::display_name},
                                     std::pair{".RoleName", Expression::Kind::role_name}}) {
      const std::string_view word = name;
      if (text_.substr(at_, word.size()) != word) continue;
      at_ += word.size();
      expression.kind = kind;
      return expression;
    }
    return bad_template("a field that isn't known: .DisplayName and .RoleName are");
  }

  Result<Expression> number() {
    Expression expression;
    expression.kind = Expression::Kind::number;
    const char* start = text_.data() + at_;
    const auto [end, problem] =
        std::from_chars(start, text_.data() + text_.size(), expression.number);
    if (problem != std::errc{} || expression.number > kMaxMadeName)
      return bad_template("a number out of range");
    at_ += static_cast<std::size_t>(end - start);
    return expression;
  }

  const std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Error bad_template(std::string_view why) {
  return make_error(ErrorCode::invalid_argument,
                    "field \"username_template\": " + std::string(why));
}

Result<Expression> parse_expression(std::string_view text) { return Parser(text).all(); }

}  // namespace coffer::engines::database
