#include "line.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace coffer::audit {
namespace {

constexpr std::size_t kUuidSize = 36;
constexpr std::size_t kHashSize = 64;
constexpr std::size_t kMaxTime = 40;
constexpr std::size_t kMaxType = 32;
constexpr std::string_view kHexDigits = "0123456789abcdef";

Error malformed(std::string_view what) { return make_error(ErrorCode::corrupt, what); }

bool take(std::string_view& rest, std::string_view literal) {
  if (!rest.starts_with(literal)) return false;
  rest.remove_prefix(literal.size());
  return true;
}

bool take_back(std::string_view& rest, std::string_view literal) {
  if (!rest.ends_with(literal)) return false;
  rest.remove_suffix(literal.size());
  return true;
}

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// A character's place says whether it may stand there: a verifier reads millions of lines.
using Characters = std::array<bool, 256>;
constexpr Characters characters(std::string_view all) {
  Characters fits{};
  for (const char c : all) fits[static_cast<unsigned char>(c)] = true;
  return fits;
}
constexpr Characters kTimeCharacters = characters("0123456789TZ:.-");
constexpr Characters kTypeCharacters = characters("abcdefghijklmnopqrstuvwxyz_");

constexpr std::uint8_t kNoDigit = 0xFF;
constexpr unsigned kLargestDigit = 0xF;
constexpr auto kHexValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::uint8_t i = 0; i < kHexDigits.size(); ++i) {
    values[static_cast<unsigned char>(kHexDigits[i])] = i;
  }
  return values;
}();
/// Both digits of each byte.
constexpr auto kHexPairs = [] {
  std::array<std::array<char, 2>, 256> pairs{};
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    pairs[i] = {kHexDigits[i >> 4U], kHexDigits[i & 0xFU]};
  }
  return pairs;
}();

constexpr std::uint8_t hex_value(char c) noexcept {
  return kHexValues[static_cast<unsigned char>(c)];
}

/// All from the front that fits, if it is 1 to `most` characters and a quote follows; the quote
/// too.
std::string_view take_quoted(std::string_view& rest, std::size_t most, const Characters& fits) {
  const std::size_t end = std::min(rest.size(), most + 1);
  std::size_t size = 0;
  while (size < end && fits[static_cast<unsigned char>(rest[size])]) ++size;
  if (size == 0 || size > most || size == rest.size() || rest[size] != '"') return {};
  const std::string_view taken = rest.substr(0, size);
  rest.remove_prefix(size + 1);
  return taken;
}

/// Where the two digits of each byte of a UUID stand.
constexpr std::array<std::uint8_t, 16> kUuidDigits{0,  2,  4,  6,  9,  11, 14, 16,
                                                   19, 21, 24, 26, 28, 30, 32, 34};

/// base's parse_uuid takes capitals too; the log knows one spelling. Looked at as a whole, without
/// a branch for each digit: each line has one or two, and nearly all are good.
std::optional<Uuid> canonical_uuid(std::string_view text) {
  if (text.size() != kUuidSize) return std::nullopt;
  if (text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-') return std::nullopt;
  Uuid id;
  unsigned seen = 0;
  for (std::size_t i = 0; i < kUuidDigits.size(); ++i) {
    const unsigned high = hex_value(text[kUuidDigits[i]]);
    const unsigned low = hex_value(text[kUuidDigits[i] + 1U]);
    seen |= high | low;
    id.bytes[i] = static_cast<std::uint8_t>((high << 4U) | low);
  }
  if (seen > kLargestDigit) return std::nullopt;
  return id;
}

/// Without a branch and without a table, so that a compiler can take many digits at once.
bool is_hash(std::string_view text) {
  if (text.size() != kHashSize) return false;
  std::array<char, kHashSize> digits;
  std::copy_n(text.begin(), kHashSize, digits.begin());
  std::uint8_t wrong = 0;
  for (const char digit : digits) {
    const auto decimal = static_cast<std::uint8_t>(digit - '0');
    const auto letter = static_cast<std::uint8_t>(digit - 'a');
    wrong |= static_cast<std::uint8_t>(decimal > 9) & static_cast<std::uint8_t>(letter > 5);
  }
  return wrong == 0;
}

/// Decimal, no sign, no leading zero, 64 bits.
std::optional<std::uint64_t> take_back_number(std::string_view& rest) {
  std::size_t size = 0;
  while (size < rest.size() && is_digit(rest[rest.size() - 1 - size])) ++size;
  const std::string_view digits = rest.substr(rest.size() - size);
  if (digits.empty() || (digits.size() > 1 && digits.front() == '0')) return std::nullopt;
  std::uint64_t value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (read.ec != std::errc()) return std::nullopt;
  rest.remove_suffix(size);
  return value;
}

Line::Kind kind_of(std::string_view type) {
  if (type == "request") return Line::Kind::request;
  if (type == "response" || type == kInterrupted) return Line::Kind::response;
  return Line::Kind::system;
}

std::optional<Head> parse_head(std::string_view body) {
  Head head;
  if (!take(body, "{\"time\":\"")) return {};
  head.time = take_quoted(body, kMaxTime, kTimeCharacters);
  if (head.time.empty()) return {};
  if (!take(body, ",\"type\":\"")) return {};
  head.type = take_quoted(body, kMaxType, kTypeCharacters);
  if (head.type.empty()) return {};
  head.kind = kind_of(head.type);
  if (head.kind == Line::Kind::system) return head;
  if (!take(body, ",\"request\":{\"id\":\"")) return {};
  const auto id = canonical_uuid(body.substr(0, kUuidSize));
  if (!id || !body.substr(kUuidSize).starts_with('"')) return {};
  head.request = *id;
  return head;
}

/// Cuts `,"node":"…","seq":…,"open":…,"prev":"…"}` off the end of `line`.
bool take_tail(std::string_view& line, ParsedLine& out) {
  if (!take_back(line, "\"}") || line.size() < kHashSize) return false;
  out.previous = line.substr(line.size() - kHashSize);
  line.remove_suffix(kHashSize);
  if (!is_hash(out.previous) || !take_back(line, ",\"prev\":\"")) return false;
  const auto open = take_back_number(line);
  if (!open || !take_back(line, ",\"open\":")) return false;
  const auto sequence = take_back_number(line);
  if (!sequence || *sequence == 0 || !take_back(line, "\",\"seq\":")) return false;
  if (line.size() < kUuidSize) return false;
  const auto node = canonical_uuid(line.substr(line.size() - kUuidSize));
  line.remove_suffix(kUuidSize);
  if (!node || !take_back(line, ",\"node\":\"")) return false;
  out.open = *open;
  out.sequence = *sequence;
  out.node = *node;
  return true;
}

}  // namespace

Result<void> check_body(const Line& line) {
  const auto wrong = [](std::string_view what) { return make_error(ErrorCode::internal, what); };
  // A line break would let a client's bytes pass for a line of the log.
  if (line.body.find('\n') != std::string::npos || line.body.find('\0') != std::string::npos) {
    return wrong("an audit line may hold no line break and no NUL byte");
  }
  if (line.body.size() > kMaxLineBytes - 512) {
    return make_error(ErrorCode::too_large, "an audit line may have at most 32 MiB");
  }
  const auto head = parse_head(line.body);
  if (!head) return wrong("an audit line must start with its time, type and request");
  if (head->kind != line.kind) return wrong("an audit line must be of the kind that it says");
  if (line.kind != Line::Kind::system && head->request != line.request) {
    return wrong("an audit line must be of the request that it names");
  }
  return {};
}

Result<ParsedLine> parse_line(std::string_view line) {
  if (line.find('\0') != std::string_view::npos) return malformed("the line holds NUL bytes");
  ParsedLine out;
  std::string_view body = line;
  if (!take_tail(body, out)) {
    return malformed("the line does not end in node, seq, open and prev as they are written");
  }
  const auto head = parse_head(body);
  if (!head) return malformed("the line does not start with time, type and request id");
  out.head = *head;
  return out;
}

HashText hex_text(const crypto::Sha256& hash) noexcept {
  HashText out;
  for (std::size_t i = 0; i < hash.size(); ++i) {
    const auto& pair = kHexPairs[hash[i]];
    out[2 * i] = pair[0];
    out[2 * i + 1] = pair[1];
  }
  return out;
}

Line interrupted_line(WallTime time, const Uuid& request, std::uint64_t request_sequence) {
  Line line{Line::Kind::response, request, "{\"time\":\""};
  line.body.append(to_rfc3339(time)).append("\",\"type\":\"").append(kInterrupted);
  line.body.append("\",\"request\":{\"id\":\"").append(to_string(request)).append("\"");
  if (request_sequence != 0) {
    line.body.append(",\"seq\":");
    append_number(line.body, request_sequence);
  }
  line.body.append("}");
  return line;
}

void append_number(std::string& out, std::uint64_t value) {
  std::array<char, std::numeric_limits<std::uint64_t>::digits10 + 1> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), end.ptr);
}

}  // namespace coffer::audit
