#include "coffer/faces/vault/http_head.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "text.h"

namespace coffer::faces::vault {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kVersion = "HTTP/1.1";
constexpr std::size_t kMaxLengthDigits = 15;  // far over every limit, far under overflow

/// What an answer depends on. Of two values one would be ignored, and not by everyone the same one.
enum class Known : std::uint8_t {
  host,
  content_length,
  transfer_encoding,
  authorization,
  token,
  content_type,
  content_encoding,
  wrap_ttl,
  vault_namespace,
};
constexpr std::array<std::string_view, 9> kKnownNames = {
    "host",         "content-length",   "transfer-encoding", "authorization",    "x-vault-token",
    "content-type", "content-encoding", "x-vault-wrap-ttl",  "x-vault-namespace"};

Error refused(std::string_view rule) {
  return make_error(ErrorCode::invalid_argument,
                    std::string("HTTP message refused: ").append(rule));
}

Error over_limit(std::string_view limit) {
  return make_error(ErrorCode::too_large, std::string("HTTP message refused: ").append(limit));
}

/// RFC 9110 section 5.6.2.
constexpr bool is_token_char(char c) noexcept {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

constexpr auto kTokenChars = [] {
  std::array<bool, 256> table{};
  for (int c = 0; c < 128; ++c) {
    table[static_cast<std::size_t>(c)] = is_token_char(static_cast<char>(c));
  }
  return table;
}();

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return kTokenChars[static_cast<unsigned char>(c)];
  });
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F;
}

Result<void> check_target(std::string_view target) {
  if (!target.starts_with('/')) return refused("target is not in origin form");
  for (const char c : target) {
    if (c <= ' ' || c > '~') return refused("target holds more than visible ASCII");
    if (c == '#') return refused("target has a fragment");
  }
  return {};
}

Result<void> check_request_line(std::string_view line) {
  if (line.size() > kMaxRequestLine) return over_limit("request line of more than 4096 bytes");
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return refused("request line is not method, target and version");
  }
  if (!is_token(line.substr(0, first))) return refused("method is not a token");
  if (line.substr(last + 1) != kVersion) return refused("version is not HTTP/1.1");
  return check_target(line.substr(first + 1, last - first - 1));
}

Result<void> check_content_length(std::string_view value) {
  const bool digits =
      std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (value.empty() || !digits) return refused("Content-Length is not a number");
  if (value.size() > kMaxLengthDigits) return refused("Content-Length has too many digits");
  return {};
}

/// What is known of the fields so far.
class FieldRules final {
 public:
  Result<void> add(std::string_view name, std::string_view value) {
    if (++count_ > kMaxHeaderFields) return over_limit("more than 64 header fields");
    for (std::size_t i = 0; i < kKnownNames.size(); ++i) {
      if (equal_ignoring_case(name, kKnownNames[i])) return add(static_cast<Known>(i), value);
    }
    return {};
  }

  [[nodiscard]] Result<void> finish() const {
    if (!seen(Known::host)) return refused("Host is missing");
    if (seen(Known::content_length) && seen(Known::transfer_encoding)) {
      return refused("both Content-Length and Transfer-Encoding");
    }
    return {};
  }

 private:
  Result<void> add(Known known, std::string_view value) {
    if (seen(known)) return refused("a header comes twice that may come once");
    seen_[static_cast<std::size_t>(known)] = true;
    if (known == Known::content_length) return check_content_length(value);
    if (known == Known::transfer_encoding && value != "chunked") {
      return refused("Transfer-Encoding is not chunked");
    }
    return {};
  }

  [[nodiscard]] bool seen(Known known) const { return seen_[static_cast<std::size_t>(known)]; }

  std::array<bool, kKnownNames.size()> seen_{};
  std::size_t count_ = 0;
};

Result<void> check_field(std::string_view line, FieldRules& rules) {
  // Obsolete line folding (RFC 9112 section 5.2): half of all parsers join it, half don't.
  if (line.front() == ' ' || line.front() == '\t') return refused("a folded header");
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return refused("a header without a colon");
  const std::string_view name = line.substr(0, colon);
  if (name.ends_with(' ') || name.ends_with('\t')) return refused("a space before a colon");
  if (!is_token(name)) return refused("a header's name is not a token");
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (std::any_of(value.begin(), value.end(), [](char c) { return is_control(c) && c != '\t'; })) {
    return refused("a control character in a header");
  }
  return rules.add(name, value);
}

/// Every CR is followed by LF, and no LF stands alone.
bool has_bare_line_end(std::string_view text) {
  for (std::size_t i = text.find_first_of(kLineEnd); i != std::string_view::npos;
       i = text.find_first_of(kLineEnd, i + 2)) {
    if (text.substr(i, 2) != kLineEnd) return true;
  }
  return false;
}

}  // namespace

Result<void> check_head(std::string_view raw_head) {
  const std::size_t line_end = raw_head.find(kLineEnd);
  if (std::min(line_end, raw_head.size()) > kMaxRequestLine) {
    return over_limit("request line of more than 4096 bytes");
  }
  if (raw_head.size() > kMaxHead) return over_limit("head of more than 16384 bytes");
  if (!raw_head.ends_with("\r\n\r\n")) return refused("head without an end");
  if (has_bare_line_end(raw_head)) return refused("a line end that is not CR LF");

  std::string_view rest = raw_head.substr(0, raw_head.size() - kLineEnd.size());
  const auto take_line = [&rest] {
    const std::size_t end = rest.find(kLineEnd);
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + kLineEnd.size());
    return line;
  };
  COFFER_CHECK(check_request_line(take_line()));
  FieldRules rules;
  while (!rest.empty()) {
    const std::string_view line = take_line();
    if (line.empty()) return refused("an empty line before the end of the head");
    COFFER_CHECK(check_field(line, rules));
  }
  return rules.finish();
}

}  // namespace coffer::faces::vault
