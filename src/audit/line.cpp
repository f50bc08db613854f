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

// Objects, so that the compiler sees through take_quoted(): a verifier reads millions of lines.
constexpr auto kIsTime = [](char c) noexcept {
  return is_digit(c) || c == 'T' || c == 'Z' || c == ':' || c == '.' || c == '-';
};
constexpr auto kIsType = [](char c) noexcept { return (c >= 'a' && c <= 'z') || c == '_'; };

constexpr std::uint8_t kNoDigit = 0xFF;
constexpr auto kHexValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::uint8_t i = 0; i < kHexDigits.size(); ++i) {
    values[static_cast<unsigned char>(kHexDigits[i])] = i;
  }
  return values;
}();
constexpr std::uint8_t hex_value(char c) noexcept {
  return kHexValues[static_cast<unsigned char>(c)];
}

/// All from the front that fits, if it is 1 to `most` characters and a quote follows; the quote
/// too.
template <typename Fits>
std::string_view take_quoted(std::string_view& rest, std::size_t most, Fits fits) {
  std::size_t size = 0;
  while (size < rest.size() && size <= most && fits(rest[size])) ++size;
  if (size == 0 || size > most || size == rest.size() || rest[size] != '"') return {};
  const std::string_view taken = rest.substr(0, size);
  rest.remove_prefix(size + 1);
  return taken;
}

/// base's parse_uuid takes capitals too; the log knows one spelling.
std::optional<Uuid> canonical_uuid(std::string_view text) {
  Uuid id;
  if (text.size() != kUuidSize) return std::nullopt;
  std::size_t digit = 0;
  for (std::size_t i = 0; i < kUuidSize; ++i) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const std::uint8_t value = hex_value(text[i]);
    if (value == kNoDigit) return std::nullopt;
    std::uint8_t& byte = id.bytes[digit / 2];
    byte = static_cast<std::uint8_t>((byte << 4U) | value);
    ++digit;
  }
  return id;
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
  head.time = take_quoted(body, kMaxTime, kIsTime);
  if (head.time.empty()) return {};
  if (!take(body, ",\"type\":\"")) return {};
  head.type = take_quoted(body, kMaxType, kIsType);
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
  const auto is_hex = [](char c) { return hex_value(c) != kNoDigit; };
  if (!std::all_of(out.previous.begin(), out.previous.end(), is_hex)) return false;
  if (!take_back(line, ",\"prev\":\"")) return false;
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
    out[2 * i] = kHexDigits[hash[i] >> 4U];
    out[2 * i + 1] = kHexDigits[hash[i] & 0xFU];
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
