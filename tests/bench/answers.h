// Where one answer ends, and whether it was a good one: for a client that never pipelines.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace coffer::bench {

enum class AnswerState : std::uint8_t {
  partial,  ///< read on
  good,     ///< a whole answer: 2xx, or a value
  refused,  ///< a whole answer that says no: another status, a RESP error, or nil
  broken,   ///< no answer that we understand, or bytes after its end
};

namespace detail {

constexpr std::string_view kHeadEnd = "\r\n\r\n";

inline bool is_content_length(std::string_view line) noexcept {
  constexpr std::string_view kName = "content-length:";
  if (line.size() < kName.size()) return false;
  for (std::size_t i = 0; i < kName.size(); ++i) {
    const char c = line[i];
    const char lower = (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c;
    if (lower != kName[i]) return false;
  }
  return true;
}

/// The number after blanks at the start of `text`; false if there is none.
inline bool number_at(std::string_view text, std::size_t& out) noexcept {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return std::from_chars(text.data(), text.data() + text.size(), out).ec == std::errc{};
}

/// No Content-Length means no body (204); chunked answers aren't understood here.
inline bool body_size(std::string_view head, std::size_t& out) noexcept {
  constexpr std::size_t kNameSize = 15;
  out = 0;
  while (!head.empty()) {
    const std::size_t end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    if (is_content_length(line)) return number_at(line.substr(kNameSize), out);
    if (end == std::string_view::npos) break;
    head.remove_prefix(end + 2);
  }
  return true;
}

inline AnswerState when_whole(std::size_t received, std::size_t wanted,
                              AnswerState whole) noexcept {
  if (received < wanted) return AnswerState::partial;
  return received == wanted ? whole : AnswerState::broken;
}

}  // namespace detail

/// HTTP/1.1 with Content-Length; good if the status starts with `wanted`.
[[nodiscard]] inline AnswerState scan_http(std::string_view received,
                                           std::string_view wanted) noexcept {
  constexpr std::size_t kStatusAt = 9;  // behind "HTTP/1.1 "
  const std::size_t head = received.find(detail::kHeadEnd);
  if (head == std::string_view::npos) return AnswerState::partial;
  if (!received.starts_with("HTTP/1.1 ") || head < kStatusAt + 3) return AnswerState::broken;
  std::size_t body = 0;
  if (!detail::body_size(received.substr(0, head), body)) return AnswerState::broken;
  const bool good = received.substr(kStatusAt).starts_with(wanted);
  return detail::when_whole(received.size(), head + detail::kHeadEnd.size() + body,
                            good ? AnswerState::good : AnswerState::refused);
}

[[nodiscard]] inline AnswerState scan_http(std::string_view received) noexcept {
  return scan_http(received, "2");
}

/// For loads that are to be denied: 403 alone is good.
[[nodiscard]] inline AnswerState scan_denial(std::string_view received) noexcept {
  return scan_http(received, "403");
}

/// One RESP reply: a bulk string, a simple string, an integer or an error.
[[nodiscard]] inline AnswerState scan_resp(std::string_view received) noexcept {
  const std::size_t line = received.find("\r\n");
  if (line == std::string_view::npos) return AnswerState::partial;
  const std::size_t head = line + 2;
  switch (received.front()) {
    case '+':
    case ':': return detail::when_whole(received.size(), head, AnswerState::good);
    case '-': return detail::when_whole(received.size(), head, AnswerState::refused);
    case '$': break;
    default: return AnswerState::broken;
  }
  if (received.starts_with("$-1")) {
    return detail::when_whole(received.size(), head, AnswerState::refused);
  }
  std::size_t body = 0;
  if (!detail::number_at(received.substr(1), body)) return AnswerState::broken;
  return detail::when_whole(received.size(), head + body + 2, AnswerState::good);
}

}  // namespace coffer::bench
