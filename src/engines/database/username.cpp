#include "username.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "coffer/crypto/digest.h"
#include "coffer/crypto/random.h"
#include "name_expression.h"

namespace coffer::engines::database {
namespace {

constexpr std::size_t kMaxTemplate = 4096;
constexpr std::string_view kBase62 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Chance that a character has at least, in bits: lower case alone may be left of base62.
constexpr std::uint8_t kOfRandom = 5;
constexpr std::uint8_t kOfHex = 4;
constexpr unsigned kLeastBits = 8 * kOfRandom;

/// A text, and for each byte of it how many bits of chance it has.
struct Chancy {
  std::string text;
  std::vector<std::uint8_t> bits;

  static Chancy of(std::string text, std::uint8_t bits_each = 0) {
    std::vector<std::uint8_t> bits(text.size(), bits_each);
    return {std::move(text), std::move(bits)};
  }
  [[nodiscard]] unsigned all_bits() const { return std::accumulate(bits.begin(), bits.end(), 0U); }
  void append(const Chancy& other) {
    text += other.text;
    bits.insert(bits.end(), other.bits.begin(), other.bits.end());
  }
  void append(const Chancy& other, std::size_t at) {
    text += other.text[at];
    bits.push_back(other.bits[at]);
  }
};

Result<Chancy> evaluate(const Expression& expression, const NameFacts& facts);

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

/// Dashes, version and variant are the same in all.
Result<Chancy> random_uuid() {
  COFFER_TRY(const Uuid id, crypto::random_uuid());
  Chancy made = Chancy::of(to_string(id), kOfHex);
  for (std::size_t at = 0; at < made.text.size(); ++at) {
    if (made.text[at] == '-' || at == 14 || at == 19) made.bits[at] = 0;
  }
  return made;
}

Result<std::size_t> number_of(const Expression& expression) {
  if (expression.kind != Expression::Kind::number) return bad_template("wanted a number");
  return expression.number;
}

/// Whole characters: a cut one would be no UTF-8.
Chancy cut(Chancy value, std::size_t bytes) {
  if (value.text.size() <= bytes) return value;
  while (bytes > 0 && (static_cast<unsigned char>(value.text[bytes]) & 0xC0U) == 0x80U) --bytes;
  value.text.resize(bytes);
  value.bits.resize(bytes);
  return value;
}

Chancy replaced(const Chancy& value, const Chancy& what, const Chancy& by) {
  const std::string_view text = value.text;
  Chancy out;
  for (std::size_t at = 0; at < text.size() && out.text.size() < kMaxMadeName;) {
    if (!what.text.empty() && text.substr(at, what.text.size()) == what.text) {
      // The same however often it is there.
      out.append(Chancy::of(by.text));
      at += what.text.size();
    } else {
      out.append(value, at++);
    }
  }
  return out;
}

Chancy with_case(Chancy value, char first, char last, int shift) {
  for (char& c : value.text) {
    if (c >= first && c <= last) c = static_cast<char>(c + shift);
  }
  return value;
}

/// No more chance than went in.
Result<Chancy> hashed(const Chancy& value) {
  COFFER_TRY(const crypto::Sha256 hash, crypto::sha256(as_bytes(value.text)));
  const bool enough = value.all_bits() >= kLeastBits;
  return Chancy::of(to_hex(hash), enough ? kOfHex : std::uint8_t{0});
}

Result<Chancy> print(const std::vector<Chancy>& values) {
  Chancy out;
  std::size_t next = 1;
  const Chancy& format = values.front();
  for (std::size_t at = 0; at < format.text.size(); ++at) {
    if (format.text[at] != '%') {
      out.append(format, at);
      continue;
    }
    const char verb = ++at < format.text.size() ? format.text[at] : ' ';
    if (verb == '%') {
      out.append(Chancy::of("%"));
    } else if ((verb == 's' || verb == 'v') && next < values.size()) {
      out.append(values[next++]);
    } else {
      return bad_template("printf knows %s alone, one for each argument");
    }
  }
  if (next != values.size()) return bad_template("printf has more arguments than %s");
  return out;
}

Result<Chancy> call(const Expression& expression, const NameFacts& facts) {
  using std::chrono::floor;
  const auto since = facts.now.time_since_epoch();
  const bool counts =
      expression.function == Function::random || expression.function == Function::truncate;
  std::size_t count = 0;
  std::vector<Chancy> values;
  for (std::size_t i = 0; i < expression.arguments.size(); ++i) {
    if (i == 0 && counts) {
      COFFER_TRY(count, number_of(expression.arguments[i]));
      continue;
    }
    COFFER_TRY(Chancy value, evaluate(expression.arguments[i], facts));
    values.push_back(std::move(value));
  }
  switch (expression.function) {
    case Function::random: {
      COFFER_TRY(std::string name, random_name(count));
      return Chancy::of(std::move(name), kOfRandom);
    }
    case Function::unix_time:
      return Chancy::of(std::to_string(floor<std::chrono::seconds>(since).count()));
    case Function::unix_time_millis:
      return Chancy::of(std::to_string(floor<std::chrono::milliseconds>(since).count()));
    case Function::uuid: return random_uuid();
    case Function::truncate: return cut(std::move(values[0]), count);
    case Function::uppercase: return with_case(std::move(values[0]), 'a', 'z', 'A' - 'a');
    case Function::lowercase: return with_case(std::move(values[0]), 'A', 'Z', 'a' - 'A');
    case Function::replace: return replaced(values[2], values[0], values[1]);
    case Function::sha256: return hashed(values[0]);
    case Function::printf: return print(values);
  }
  return bad_template("a function that isn't known");
}

Result<Chancy> evaluate(const Expression& expression, const NameFacts& facts) {
  switch (expression.kind) {
    case Expression::Kind::text: return Chancy::of(expression.text);
    case Expression::Kind::number: return Chancy::of(std::to_string(expression.number));
    case Expression::Kind::display_name: return Chancy::of(std::string(facts.display_name));
    case Expression::Kind::role_name: return Chancy::of(std::string(facts.role_name));
    case Expression::Kind::call: break;
  }
  COFFER_TRY(Chancy value, call(expression, facts));
  if (value.text.size() > kMaxMadeName) return bad_template("it gives a name that is far too long");
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

struct NameTemplate::Made {
  Chancy name;
};

Result<NameTemplate::Made> NameTemplate::make(const NameFacts& facts) const {
  Made made;
  for (const Expression& part : parsed_->parts) {
    COFFER_TRY(const Chancy value, evaluate(part, facts));
    made.name.append(value);
    if (made.name.text.size() > kMaxMadeName)
      return bad_template("it gives a name that is far too long");
  }
  return made;
}

Result<std::string> NameTemplate::render(const NameFacts& facts) const {
  COFFER_TRY(Made made, make(facts));
  return std::move(made.name.text);
}

Result<std::string> NameTemplate::render_unique(const NameFacts& facts) const {
  COFFER_TRY(Made made, make(facts));
  if (made.name.all_bits() >= kLeastBits) return std::move(made.name.text);
  return bad_template(
      "users end by their names, so no two may have the same: wanted {{random 8}} or more, or "
      "{{uuid}}, and no truncate that cuts it off");
}

std::string default_username(const NameFacts& facts, std::uint64_t epoch, std::string_view lease) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(facts.now.time_since_epoch());
  std::string name = "v-";
  name.append(short_name(facts.display_name)).append("-").append(short_name(facts.role_name));
  name.append("-e").append(std::to_string(epoch)).append("-").append(lease);
  return name.append("-").append(std::to_string(seconds.count()));
}

}  // namespace coffer::engines::database
