#include "coffer/model/paths.h"

namespace coffer::model {
namespace {

constexpr int kNoDigit = -1;

Error refused(std::string_view rule) {
  return make_error(ErrorCode::invalid_argument, std::string("path refused: ").append(rule));
}

constexpr int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return kNoDigit;
}

/// One pass only: what is a `%` afterwards was encoded twice, and is refused by check_byte.
Result<std::string> decode_percent(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (text.size() - i < 3) return refused("a % without two hexadecimal digits");
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high == kNoDigit || low == kNoDigit) {
      return refused("a % without two hexadecimal digits");
    }
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

Result<void> check_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (byte < 0x20 || byte == 0x7F) return refused("a control character");
  if (byte > 0x7E) return refused("a character that is not ASCII");
  if (c == '\\') return refused("a backslash");
  if (c == '%') return refused("a percent sign");
  return {};
}

Result<void> check_segment(std::string_view segment) {
  if (segment.empty()) return refused("an empty segment");
  if (segment.size() > kMaxSegment) return refused("a segment of more than 255 bytes");
  if (segment == "." || segment == "..") return refused("a . or .. segment");
  if (segment.front() == ' ') return refused("a segment that starts with a space");
  if (segment.back() == ' ') return refused("a segment that ends with a space");
  if (segment.back() == '.') return refused("a segment that ends with a dot");
  for (const char c : segment) COFFER_CHECK(check_byte(c));
  return {};
}

}  // namespace

Result<std::string> canonical_path(std::string_view target_path) {
  COFFER_TRY(std::string path, decode_percent(target_path));
  std::string_view rest = path;
  // Only one slash at the end is meant as such; of two the first leaves an empty segment.
  if (rest.size() > 1 && rest.back() == '/') rest.remove_suffix(1);
  std::size_t segments = 0;
  for (;;) {
    const std::size_t slash = rest.find('/');
    COFFER_CHECK(check_segment(rest.substr(0, slash)));
    if (++segments > kMaxSegments) return refused("more than 32 segments");
    if (slash == std::string_view::npos) return path;
    rest.remove_prefix(slash + 1);
  }
}

std::vector<std::string_view> split_path(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return segments;
}

}  // namespace coffer::model
