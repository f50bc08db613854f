// echo_server SOCKET: a fixed 300-byte JSON answer for every request, by Beast with callbacks, one
// thread and buffers that are used again: what a connection costs before a vault does anything. The
// comparator where the daemon's own connection code isn't at hand as a program.
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

namespace coffer::bench {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Local = asio::local::stream_protocol;

constexpr std::size_t kBodySize = 300;

const std::string& answer() {
  static const std::string kAnswer = [] {
    std::string body = R"({"data":")";
    body.append(kBodySize - body.size() - 2, 'x');
    body += R"("})";
    return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  }();
  return kAnswer;
}

class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  explicit Connection(Local::socket socket) : socket_(std::move(socket)) {}

  void read() {
    parser_.emplace();
    http::async_read(socket_, buffer_, *parser_,
                     [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                       if (!error) self->write();
                     });
  }

 private:
  void write() {
    asio::async_write(socket_, asio::buffer(answer()),
                      [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                        if (!error) self->read();
                      });
  }

  Local::socket socket_;
  boost::beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
};

void accept(Local::acceptor& acceptor) {
  acceptor.async_accept([&acceptor](boost::system::error_code error, Local::socket socket) {
    if (!error) std::make_shared<Connection>(std::move(socket))->read();
    accept(acceptor);
  });
}

int run(const char* path) {
  ::unlink(path);
  asio::io_context context(1);
  Local::acceptor acceptor(context, Local::endpoint(path));
  accept(acceptor);
  context.run();
  return 0;
}

}  // namespace
}  // namespace coffer::bench

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: echo_server SOCKET\n");
    return 2;
  }
  return coffer::bench::run(argv[1]);
}
