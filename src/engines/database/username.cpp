#include "username.h"

#include <algorithm>
#include <vector>

#include "coffer/crypto/digest.h"
#include "coffer/crypto/random.h"
#include "name_expression.h"

namespace coffer::engines::database {
namespace {

constexpr std::size_t kMaxTemplate = 4096;
constexpr std::string_view kBase62 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

Result<std::string> evaluate(const Expression& expression, const NameFacts& facts);

/// Rejection keeps each of the 62 as likely as any other.
Result<std::string> random_name(std::size_t count) {
  std::string out;
  while (out.size() < count) {
    COFFER_TRY(const Bytes bytes, crypto::random_bytes(64));
    for (const std::uint8_t byte : bytes) {
      if (byte < 248 && out.size() < count) out += kBase62[byte % kBase62.size()];
    }
  }
  return out;
}

Result<std::size_t> number_of(const Expression& expression) {
  if (expression.kind != Expression::Kind::number) return bad_template("wanted a number");
  return expression.number;
}

/// Whole characters: a cut one would be no UTF-8.
std::string cut(std::string text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0U) == 0x80U) --bytes;
  text.resize(bytes);
  return text;
}

std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
  std::string out;
  for (std::size_t at = 0; at < text.size() && out.size() < kMaxMadeName;) {
    if (!what.empty() && text.substr(at, what.size()) == what) {
      out += by;
      at += what.size();
    } else {
      out += text[at++];
    }
  }
  return out;
}

std::string with_case(std::string text, char first, char last, int shift) {
  for (char& c : text) {
    if (c >= first && c <= last) c = static_cast<char>(c + shift);
  }
  return text;
}

Result<std::string> print(const std::vector<std::string>& values) {
  std::string out;
  std::size_t next = 1;
  const std::string& format = values.front();
  for (std::size_t at = 0; at < format.size(); ++at) {
    if (format[at] != '%') {
      out += format[at];
      continue;
    }
    const char verb = ++at < format.size() ? format[at] : ' ';
    if (verb == '%') {
      out += '%';
    } else if ((verb == 's' || verb == 'v') && next < values.size()) {
      out += values[next++];
    } else {
      return bad_template("printf knows %s alone, one for each argument");
    }
  }
  if (next != values.size()) return bad_template("printf has more arguments than %s");
  return out;
}

Result<std::string> call(const Expression& expression, const NameFacts& facts) {
  using std::chrono::floor;
  const auto since = facts.now.time_since_epoch();
  const bool counts =
      expression.function == Function::random || expression.function == Function::truncate;
  std::size_t count = 0;
  std::vector<std::string> values;
  for (std::size_t i = 0; i < expression.arguments.size(); ++i) {
    if (i == 0 && counts) {
      COFFER_TRY(count, number_of(expression.arguments[i]));
      continue;
    }
    COFFER_TRY(std::string value, evaluate(expression.arguments[i], facts));
    values.push_back(std::move(value));
  }
  switch (expression.function) {
    case Function::random: return random_name(count);
    case Function::unix_time: return std::to_string(floor<std::chrono::seconds>(since).count());
    case Function::unix_time_millis:
      return std::to_string(floor<std::chrono::milliseconds>(since).count());
    case Function::uuid: {
      COFFER_TRY(const Uuid id, crypto::random_uuid());
      return to_string(id);
    }
    case Function::truncate: return cut(values[0], count);
    case Function::uppercase: return with_case(values[0], 'a', 'z', 'A' - 'a');
    case Function::lowercase: return with_case(values[0], 'A', 'Z', 'a' - 'A');
    case Function::replace: return replaced(values[2], values[0], values[1]);
    case Function::sha256: {
      COFFER_TRY(const crypto::Sha256 hash, crypto::sha256(as_bytes(values[0])));
      return to_hex(hash);
    }
    case Function::printf: return print(values);
  }
  return bad_template("a function that isn't known");
}

Result<std::string> evaluate(const Expression& expression, const NameFacts& facts) {
  switch (expression.kind) {
    case Expression::Kind::text: return expression.text;
    case Expression::Kind::number: return std::to_string(expression.number);
    case Expression::Kind::display_name: return std::string(facts.display_name);
    case Expression::Kind::role_name: return std::string(facts.role_name);
    case Expression::Kind::call: break;
  }
  COFFER_TRY(std::string value, call(expression, facts));
  if (value.size() > kMaxMadeName) return bad_template("it gives a name that is far too long");
  return value;
}

/// Eight characters of a name that others choose; nothing in it that a log or a shell would mind.
std::string short_name(std::string_view name) {
  std::string out(name.substr(0, 8));
  for (char& c : out) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '.';
    if (!plain) c = '-';
  }
  return out;
}

}  // namespace

struct NameTemplate::Parsed {
  std::vector<Expression> parts;
};

NameTemplate::NameTemplate(std::unique_ptr<Parsed> parsed) : parsed_(std::move(parsed)) {}
NameTemplate::NameTemplate(NameTemplate&&) noexcept = default;
NameTemplate& NameTemplate::operator=(NameTemplate&&) noexcept = default;
NameTemplate::~NameTemplate() = default;

Result<NameTemplate> NameTemplate::parse(std::string_view text) {
  if (text.size() > kMaxTemplate) return bad_template("longer than 4096 bytes");
  auto parsed = std::make_unique<Parsed>();
  while (!text.empty()) {
    const auto open = text.find("{{");
    Expression literal;
    literal.text = text.substr(0, open);
    if (!literal.text.empty()) parsed->parts.push_back(std::move(literal));
    if (open == std::string_view::npos) break;
    const auto close = text.find("}}", open);
    if (close == std::string_view::npos) return bad_template("braces aren't closed");
    COFFER_TRY(Expression expression, parse_expression(text.substr(open + 2, close - open - 2)));
    parsed->parts.push_back(std::move(expression));
    text = text.substr(close + 2);
  }
  return NameTemplate(std::move(parsed));
}

Result<std::string> NameTemplate::render(const NameFacts& facts) const {
  std::string name;
  for (const Expression& part : parsed_->parts) {
    COFFER_TRY(const std::string text, evaluate(part, facts));
    name += text;
    if (name.size() > kMaxMadeName) return bad_template("it gives a name that is far too long");
  }
  return name;
}

std::string default_username(const NameFacts& facts, std::uint64_t epoch, std::string_view lease) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(facts.now.time_since_epoch());
  std::string name = "v-";
  name.append(short_name(facts.display_name)).append("-").append(short_name(facts.role_name));
  name.append("-e").append(std::to_string(epoch)).append("-").append(lease);
  return name.append("-").append(std::to_string(seconds.count()));
}

}  // namespace coffer::engines::database
