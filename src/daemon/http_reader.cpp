#include "http_reader.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <string_view>

#include "coffer/faces/vault/http_head.h"

namespace coffer::daemon {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t kChunk = 4096;
constexpr std::string_view kEndOfHead = "\r\n\r\n";

Error malformed(const boost::system::error_code& code) {
  return make_error(ErrorCode::invalid_argument, "malformed HTTP message", code.message());
}

Error too_large() {
  return make_error(ErrorCode::too_large, "request body is larger than the limit");
}

/// Login paths take no caller, so anyone may send to them: a tighter limit.
bool is_login(std::string_view target) {
  return target.starts_with("/v1/auth/") && target.find("/login") != std::string_view::npos;
}

}  // namespace

HttpReader::~HttpReader() { wipe(bytes_); }

MutableByteView HttpReader::space() {
  if (bytes_.size() - used_ < kChunk / 2) bytes_.resize(used_ + kChunk);
  return {reinterpret_cast<std::uint8_t*>(bytes_.data()) + used_, bytes_.size() - used_};
}

Result<HttpReader::State> HttpReader::received(std::size_t size) {
  used_ += size;
  most_ = std::max(most_, used_);
  if (state_ == State::idle && used_ > 0) state_ = State::head;
  if (state_ == State::head) COFFER_CHECK(read_head());
  if (state_ == State::body) COFFER_CHECK(read_body());
  if (state_ == State::done && used_ > 0) {
    return make_error(ErrorCode::invalid_argument, "pipelined requests are not accepted");
  }
  return state_;
}

/// The whole head is checked by our own strict rules before Beast sees a byte of it.
Result<void> HttpReader::read_head() {
  const std::string_view seen(bytes_.data(), used_);
  const auto end = seen.find(kEndOfHead);
  if (end == std::string_view::npos) {
    if (used_ <= kMaxHead) return {};
    return make_error(ErrorCode::too_large, "request headers are larger than 16384 bytes");
  }
  const std::size_t head_size = end + kEndOfHead.size();
  COFFER_CHECK(faces::vault::check_head(seen.substr(0, head_size)));
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(kMaxHead));
  parser_->body_limit(kMaxBody);
  boost::system::error_code failed;
  parser_->put(boost::asio::buffer(bytes_.data(), head_size), failed);
  if (failed == http::error::body_limit) return too_large();
  if (failed && failed != http::error::need_more) return malformed(failed);
  if (!parser_->is_header_done()) return malformed(http::make_error_code(http::error::bad_version));
  const std::size_t limit = is_login(parser_->get().target()) ? kMaxLoginBody : kMaxBody;
  parser_->body_limit(limit);
  const auto length = parser_->content_length();
  if (length && *length > limit) return too_large();
  parser_->eager(true);
  wipe({reinterpret_cast<std::uint8_t*>(bytes_.data()), head_size});
  std::copy(bytes_.begin() + static_cast<std::ptrdiff_t>(head_size),
            bytes_.begin() + static_cast<std::ptrdiff_t>(used_), bytes_.begin());
  used_ -= head_size;
  state_ = parser_->is_done() ? State::done : State::body;
  return {};
}

Result<void> HttpReader::read_body() {
  std::size_t offset = 0;
  while (offset < used_ && !parser_->is_done()) {
    COFFER_TRY(const std::size_t parsed, parse(offset));
    if (parsed == 0) break;
    offset += parsed;
  }
  std::copy(bytes_.begin() + static_cast<std::ptrdiff_t>(offset),
            bytes_.begin() + static_cast<std::ptrdiff_t>(used_), bytes_.begin());
  used_ -= offset;
  if (parser_->is_done()) state_ = State::done;
  return {};
}

Result<std::size_t> HttpReader::parse(std::size_t offset) {
  boost::system::error_code failed;
  const std::size_t parsed =
      parser_->put(boost::asio::buffer(bytes_.data() + offset, used_ - offset), failed);
  if (failed == http::error::body_limit) return too_large();
  if (failed && failed != http::error::need_more) return malformed(failed);
  return parsed;
}

HttpRequest HttpReader::take() {
  HttpRequest request = parser_->release();
  parser_.reset();
  wipe({reinterpret_cast<std::uint8_t*>(bytes_.data()), most_});
  most_ = 0;
  // A large body shouldn't keep its room while the connection idles.
  if (bytes_.capacity() > 4 * kChunk) std::string().swap(bytes_);
  state_ = State::idle;
  used_ = 0;
  return request;
}

}  // namespace coffer::daemon
