// Bytes off a socket, in any fragmentation, to one HTTP/1.1 message. No socket in here: the fuzzers
// drive it directly.
#pragma once

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <string>

#include "coffer/base/secure_bytes.h"

namespace coffer::daemon {

inline constexpr std::size_t kMaxHead = std::size_t{16} << 10U;
inline constexpr std::size_t kMaxBody = std::size_t{1} << 20U;
inline constexpr std::size_t kMaxLoginBody = std::size_t{64} << 10U;

using HttpRequest = boost::beast::http::request<boost::beast::http::string_body>;

class HttpReader final {
 public:
  enum class State : std::uint8_t { idle, head, body, done };

  HttpReader() = default;
  ~HttpReader();
  HttpReader(const HttpReader&) = delete;
  HttpReader& operator=(const HttpReader&) = delete;

  /// Where the next bytes go; then say how many came. An error is final for the connection.
  [[nodiscard]] MutableByteView space();
  [[nodiscard]] Result<State> received(std::size_t size);

  [[nodiscard]] State state() const noexcept { return state_; }
  /// Precondition: done. Ready for the next message afterwards; what was read is wiped.
  [[nodiscard]] HttpRequest take();

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  [[nodiscard]] Result<void> read_head();
  [[nodiscard]] Result<void> read_body();
  [[nodiscard]] Result<std::size_t> parse(std::size_t offset);

  std::string bytes_;     ///< secret: bodies and tokens pass through
  std::size_t used_ = 0;  ///< of bytes_
  std::size_t most_ = 0;  ///< that was used for this message: beyond it all is wiped
  State state_ = State::idle;
  std::optional<Parser> parser_;
};

}  // namespace coffer::daemon
